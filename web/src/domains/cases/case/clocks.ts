import type { CaseOut, SpanOut } from '@/generated/api'
import { besides } from './deadline'

/** A piece of a bar, in percent of the whole. */
export interface Piece {
  left: number
  width: number
}

export interface Bar extends Piece {
  no: number
  span: SpanOut
  open: boolean
  late: Piece | null
}

export interface Clocks {
  start: number
  end: number
  tracks: { main: boolean; bars: Bar[] }[]
  /** Where the case falls due; `beyond` where that lies outside the picture. */
  due: { at: string; left: number; beyond: boolean } | null
  now: number | null
}

/** The bars never fill less than a third of the picture, however far away the deadline lies. */
const FAR = 3

/** The stays of a case at the centre and at its handler, on both tracks, laid out over its life so far and, where near, up to its deadline. */
export function clocksOf(row: CaseOut, now: number): Clocks {
  const start = Date.parse(row.opened_at)
  const last = Math.max(start + 60_000, row.closed_at ? Date.parse(row.closed_at) : now)
  const due = row.due_at ? Date.parse(row.due_at) : null
  const end = Math.min(Math.max(last, due ?? last), start + (last - start) * FAR)
  const place = (at: number) => (100 * (Math.min(Math.max(at, start), end) - start)) / (end - start)
  const piece = (from: number, to: number): Piece => ({ left: place(from), width: place(to) - place(from) })

  const bar = (span: SpanOut): Bar => {
    const from = Date.parse(span.started_at)
    const to = span.ended_at ? Date.parse(span.ended_at) : last
    const limit = span.due_at ? Date.parse(span.due_at) : null
    const late = limit !== null && to > limit ? piece(Math.max(limit, from), to) : null
    return { no: span.no, span, open: span.ended_at === null, late, ...piece(from, to) }
  }
  const tracks = [true, false]
    .map((main) => ({ main, bars: row.spans.filter((span) => span.main === main && !besides(span)).map(bar) }))
    .filter((track) => track.bars.length > 0)
  return {
    start,
    end,
    tracks,
    due: row.due_at && due !== null ? { at: row.due_at, left: place(due), beyond: due > end } : null,
    now: row.closed_at ? null : place(now),
  }
}
