import type { StepChoiceOut } from '@/generated/api'

/** Where a step stands on the page: along the line, back from it, or beside it. */
export const GROUPS = ['line', 'back', 'beside'] as const
export type Group = (typeof GROUPS)[number]

const BACK = new Set([
  'request_return',
  'rework',
  'redo',
  'reopen',
  'roll_back',
  'roll_back_filing',
  'roll_back_dispatch',
  'roll_back_check',
  'unmerge',
  'withdraw',
  'void',
])
const BESIDE = new Set([
  'ask_extension',
  'ask_deferral',
  'ask_shelving',
  'end_hold',
  'merge',
  'split',
  'recur',
  'link',
  'unlink',
  'warn',
  'remind',
  'propose_supervision',
  'recount',
])

export function groupOf(step: string): Group {
  return BACK.has(step) ? 'back' : BESIDE.has(step) ? 'beside' : 'line'
}

/** Steps in their groups; in each, those that this person may take come first. */
export function grouped(steps: readonly StepChoiceOut[]): Record<Group, StepChoiceOut[]> {
  const of = (group: Group) => {
    const own = steps.filter((step) => groupOf(step.name) === group)
    return [...own.filter((step) => step.allowed), ...own.filter((step) => !step.allowed)]
  }
  return { line: of('line'), back: of('back'), beside: of('beside') }
}

/** Steps that name another case which is looked at side by side before they are taken. */
export const COMPARING = new Set(['merge', 'request_return'])
