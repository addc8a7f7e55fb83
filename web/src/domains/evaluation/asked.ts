import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { instant, useNow } from '@/app/clock'
import type { EvaluationOut } from '@/generated/api'

export type By = EvaluationOut['by']
export type Basis = EvaluationOut['basis']

export const BYS: By[] = ['area', 'organisation', 'category', 'month', 'channel']
export const BASES: Basis[] = ['due', 'reported', 'closed']
export const KINDS = ['month', 'quarter', 'year'] as const
export type Kind = (typeof KINDS)[number]

/** The month before `now` (`2015-10-30 ...` in the city's zone), as `2015-09`. */
function monthBefore(now: string): string {
  const [year, month] = [Number(now.slice(0, 4)), Number(now.slice(5, 7))]
  return month === 1 ? `${year - 1}-12` : `${year}-${String(month - 1).padStart(2, '0')}`
}

export function kindOf(period: string): Kind {
  return period.includes('Q') ? 'quarter' : period.length === 4 ? 'year' : 'month'
}

/** The same time in another kind of period: the quarter of a month, the first month of a year. */
export function inKind(period: string, kind: Kind): string {
  const year = period.slice(0, 4)
  const month = period.includes('Q') ? Number(period.slice(-1)) * 3 - 2 : Number(period.slice(5, 7) || '1')
  if (kind === 'year') return year
  return kind === 'quarter' ? `${year}-Q${Math.ceil(month / 3)}` : `${year}-${String(month).padStart(2, '0')}`
}

/** What is asked for stands in the address: it can be kept, sent and gone back to. */
export function useAsked() {
  const route = useRoute()
  const router = useRouter()
  const now = useNow()

  const text = (name: string) => String(route.query[name] ?? '')
  const asked = computed(() => ({
    period: text('period') || monthBefore(instant(now.value)),
    by: BYS.find((by) => by === text('by')) ?? 'area',
    basis: BASES.find((basis) => basis === text('basis')) ?? 'due',
    level: text('level'),
  }))

  function ask(changes: Partial<Record<'period' | 'by' | 'basis' | 'level', string>>) {
    const wanted = { ...asked.value, ...('by' in changes ? { level: '' } : {}), ...changes }
    void router.replace({ query: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) })
  }

  return { asked, ask }
}
