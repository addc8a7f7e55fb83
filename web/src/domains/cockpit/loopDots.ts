import { colour } from '@/theme/colours'
import type { PassOut } from '@/generated/api'
import { FIELD, WAYS } from './loopShape'

const TRAVEL = 2_400
const POINTS = 48
const MOST = 8
const SIZE = 6
const LUMPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

/** How many passes one dot stands for, and how many passes a second are replayed by step. */
export interface Pace {
  lump: number
  /** `hour` in a minute, or, in quiet times, `day` in ten minutes. */
  of: 'hour' | 'day'
  rates: Readonly<Record<string, number>>
}

export function paceOf(passes: readonly PassOut[]): Pace {
  const shown = passes.filter((pass) => pass.step in WAYS)
  const hour = shown.reduce((sum, pass) => sum + pass.last_hour, 0)
  const of = hour >= 20 ? 'hour' : 'day'
  const second = (pass: PassOut) => (of === 'hour' ? pass.last_hour / 60 : pass.last_day / 600)
  const all = shown.reduce((sum, pass) => sum + second(pass), 0)
  const lump = LUMPS.find((size) => all / size <= MOST) ?? Math.ceil(all / MOST)
  return { lump, of, rates: Object.fromEntries(shown.map((pass) => [pass.step, second(pass) / lump])) }
}

type Track = readonly (readonly [number, number])[]

function trackOf(path: string): Track {
  const drawn = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  drawn.setAttribute('d', path)
  const length = drawn.getTotalLength()
  return Array.from({ length: POINTS + 1 }, (_, place) => {
    const { x, y } = drawn.getPointAtLength((place / POINTS) * length)
    return [x, y] as const
  })
}

/** Dots that run along the ways on a canvas; only where a dot was or is, something is painted. */
export class Dots {
  private readonly tracks = new Map(Object.entries(WAYS).map(([step, way]) => [step, trackOf(way.path)]))
  private readonly due = new Map<string, number>()
  private running: { track: Track; since: number }[] = []
  private painted: (readonly [number, number])[] = []
  private frame = 0
  private pace: Pace = { lump: 1, of: 'hour', rates: {} }
  private fill = ''

  constructor(private readonly canvas: HTMLCanvasElement) {}

  start(): void {
    this.frame ||= requestAnimationFrame(this.step)
  }

  stop(): void {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    this.running = []
    this.canvas.getContext('2d')?.clearRect(0, 0, this.canvas.width, this.canvas.height)
  }

  /** What the dots show from now on; also after the theme or the size changed. */
  set(pace: Pace): void {
    this.pace = pace
    this.fill = colour('accent')
  }

  private readonly step = (now: number): void => {
    this.frame = requestAnimationFrame(this.step)
    this.send(now)
    this.paint(now)
  }

  private send(now: number): void {
    for (const [step, rate] of Object.entries(this.pace.rates)) {
      const track = this.tracks.get(step)
      if (!track || rate <= 0) continue
      const due = this.due.get(step) ?? now + (Math.random() * 1_000) / rate
      this.due.set(step, due)
      if (now < due) continue
      this.running.push({ track, since: now })
      this.due.set(step, now + ((0.5 + Math.random()) * 1_000) / rate)
    }
  }

  private paint(now: number): void {
    const pen = this.canvas.getContext('2d')
    if (!pen) return
    const scale = this.canvas.width / FIELD.width
    const size = SIZE * scale
    for (const [x, y] of this.painted) pen.clearRect(x - size - 1, y - size - 1, 2 * size + 2, 2 * size + 2)
    this.running = this.running.filter((dot) => now - dot.since < TRAVEL)
    this.painted = this.running.map(({ track, since }) => along(track, (now - since) / TRAVEL, scale))
    pen.fillStyle = this.fill
    pen.beginPath()
    for (const [x, y] of this.painted) {
      pen.moveTo(x + size, y)
      pen.arc(x, y, size, 0, 2 * Math.PI)
    }
    pen.fill()
  }
}

function along(track: Track, share: number, scale: number): readonly [number, number] {
  const place = Math.max(0, Math.min(1, share)) * POINTS
  const from = track[Math.floor(place)] ?? [0, 0]
  const to = track[Math.ceil(place)] ?? from
  const rest = place % 1
  return [(from[0] + (to[0] - from[0]) * rest) * scale, (from[1] + (to[1] - from[1]) * rest) * scale]
}
