import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useActing } from '@/app/acting'
import { api } from '@/app/api'
import type { DutyIn, DutyProposalRow } from '@/generated/api'

const keyOf = (number: number) => ['ledger', 'proposal', number]

export function useDutyProposals() {
  return useQuery({
    queryKey: ['ledger', 'proposals'],
    queryFn: ({ signal }) => api.get('/api/ledger/proposals', { signal }),
  })
}

export function useDutyProposal(number: Ref<number>) {
  return useQuery(
    computed(() => ({
      queryKey: keyOf(number.value),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/ledger/proposals/{number}', { params: { path: { number: number.value } }, signal }),
    })),
  )
}

/** What is done with a proposal; what comes back is shown, and the ledger is read anew. */
export function useProposing() {
  const client = useQueryClient()
  return useActing<DutyProposalRow>((found) => {
    void client.invalidateQueries({ queryKey: ['ledger'] })
    client.setQueryData(keyOf(found.number), found)
  })
}

/** A duty as a form begins with it; what a gap is about is filled in. */
export function blankDuty(told: Record<string, string> = {}): DutyIn {
  const { category = '', area = '', object = '', stratum = '' } = told
  const parties = [{ role: 'handler', organisation: '', lot: '', until: null, person: '' }]
  const scope = {
    category,
    area,
    object,
    stratum,
    situation: '',
    area_class: '',
    grid: '',
    road: '',
    drawn: '',
    phase: '',
  }
  return { code: '', tier: 'line', ...scope, hours: '', duty: 'handle', basis: '', valid_to: null, parties }
}

/** What differs between two tellings of a duty, field by field. */
export function dutyChanges(
  before: DutyIn | null,
  after: DutyIn | null,
): { field: string; before: string; after: string }[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (name) => name !== 'code',
  )
  const text = (duty: DutyIn | null, name: string): string => {
    const value = duty?.[name as keyof DutyIn]
    if (!Array.isArray(value)) return String(value ?? '')
    return value
      .map((party) => [party.role, party.organisation, party.lot, party.person].filter(Boolean).join(' '))
      .join('; ')
  }
  return names
    .map((field) => ({ field, before: text(before, field), after: text(after, field) }))
    .filter((one) => one.before !== one.after)
}
