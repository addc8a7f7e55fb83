import { useQuery } from '@tanstack/vue-query'
import { api } from '@/app/api'
import { say } from '@/app/language'
import { metresBetween, type Point } from '@/domains/cockpit/points'
import type { CaseLine, Countdown } from '@/generated/api'
import type { Timed } from '../case/deadline'

const PULSE_MS = 60_000
const MOST = 200
const STATES = 'verifying,handled,fed_back'

/** The steps that are taken on the spot, each with one question. */
const TASKS = ['pre_verify', 'check'] as const
export type TaskStep = (typeof TASKS)[number]

/** What there is to do on the spot in a case, of the steps that one may take. */
export function taskOf(steps: readonly string[]): TaskStep | undefined {
  return TASKS.find((step) => steps.includes(step))
}

export interface Task {
  line: CaseLine
  step: TaskStep
  point: Point | null
  /** Metres from where one stands; null where either is not known. */
  away: number | null
}

/** What there is to verify and to check, most urgent first; `more`: there are others that are not listed. */
export function useTasks() {
  return useQuery({
    queryKey: ['cases', 'field'],
    queryFn: async ({ signal }) => {
      const query = { queue: 'mine', state: STATES, sort: 'due', limit: MOST } as const
      return api.get('/api/cases', { params: { query }, signal })
    },
    refetchInterval: PULSE_MS,
    shallow: true,
  })
}

/** Tasks as they are walked: nearest first where one's position is known, else by deadline as the server sorts them. */
export function tasksFrom(lines: readonly CaseLine[], here: Point | null): Task[] {
  const tasks = lines.flatMap((line) => {
    const step = taskOf(line.steps)
    const point = line.lon === null || line.lat === null ? null : { lon: line.lon, lat: line.lat }
    return step ? [{ line, step, point, away: here && point ? metresBetween(here, point) : null }] : []
  })
  return here ? tasks.toSorted((a, b) => (a.away ?? Infinity) - (b.away ?? Infinity)) : tasks
}

/** The limit that presses: that of the stage it stands in, where there is one, else the whole case's. */
export function limitOf(line: CaseLine): Timed & { told: Countdown | null } {
  return line.stage_countdown
    ? { due: line.stage_due_at, yellow: line.stage_yellow_at, ended: null, told: line.stage_countdown }
    : { due: line.due_at, yellow: line.yellow_at, ended: null, told: line.countdown }
}

/** `350 m`, `1.2 km`. */
export function awayText(metres: number): string {
  return metres < 1000
    ? say('cases.field.away.m', { n: Math.round(metres) })
    : say('cases.field.away.km', { n: (metres / 1000).toFixed(1) })
}
