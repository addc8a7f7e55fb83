import type { CaseLine, OrderLine } from '@/generated/api'

/** What a post must carry to draft an order, one of several. */
export const DRAFTING = ['orders.remind', 'orders.issue', 'orders.instruct'] as const

const COVERED = ['filed', 'dispatched', 'handling', 'return_requested', 'handled', 'fed_back', 'checked']

/** Whether an order may be about a case in this state. */
export function coverable(state: string): boolean {
  return COVERED.includes(state)
}

/** Whether limits hold, or held, for an order: it was issued and not withdrawn. */
export function held(row: OrderLine): boolean {
  return row.issued_at !== null && row.state !== 'withdrawn'
}

/** Where an order about these cases is drafted; its target is whoever has them all. */
export function orderAbout(rows: Pick<CaseLine, 'number' | 'organisation'>[]) {
  const units = new Set(rows.map((row) => row.organisation))
  const target = units.size === 1 ? (rows[0]?.organisation ?? '') : ''
  return { path: '/orders/new', query: { cases: rows.map((row) => row.number).join(','), ...(target && { target }) } }
}
