import type { AssignmentOut, CaseOut, StepChoiceOut } from '@/generated/api'

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
  'delegate',
  'call_in',
  'make_safe',
  'whistle',
  'set_up',
  'consult',
  'settle',
])

export function groupOf(step: string): Group {
  return BACK.has(step) ? 'back' : BESIDE.has(step) ? 'beside' : 'line'
}

function possibleFirst(steps: readonly StepChoiceOut[]): StepChoiceOut[] {
  return [...steps.filter((step) => step.allowed), ...steps.filter((step) => !step.allowed)]
}

/** Steps about the case itself in their groups; in each, those that this person may take come first. */
export function grouped(steps: readonly StepChoiceOut[]): Record<Group, StepChoiceOut[]> {
  const of = (group: Group) => possibleFirst(steps.filter((step) => !step.duty && groupOf(step.name) === group))
  return { line: of('line'), back: of('back'), beside: of('beside') }
}

/** Steps that name another case which is looked at side by side before they are taken. */
export const COMPARING = new Set(['merge', 'request_return'])

/** What tells a step from all others of the page: several duties may have the same one. */
export function keyOf(step: Pick<StepChoiceOut, 'name' | 'duty'>): string {
  return step.duty ? `${step.name}-${step.duty}` : step.name
}

/** The duties beside the handling about which this person may do something now, each with its steps. */
export function dutiesOf(row: CaseOut): { duty: AssignmentOut; steps: StepChoiceOut[] }[] {
  return row.assignments
    .map((duty) => ({ duty, steps: possibleFirst(row.steps.filter((step) => step.duty === duty.no)) }))
    .filter(({ steps }) => steps.some((step) => step.allowed))
}

/** Steps that send the case itself to a body, which the responsibility ledger proposes. */
export const DISPATCHING = new Set(['dispatch', 'rule_dispatch'])
