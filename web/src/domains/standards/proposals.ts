import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, type Ref } from 'vue'
import { api } from '@/app/api'
import { language } from '@/app/language'
import { Problem, said } from '@/app/problem'
import type { RuleProposalFull } from '@/generated/api'

export type State = RuleProposalFull['state']

export function useProposals(state: Ref<'' | State>) {
  return useQuery({
    queryKey: ['rules', 'proposals', language, state],
    queryFn: ({ signal }) => api.get('/api/rules/proposals', { params: { query: { state: state.value } }, signal }),
  })
}

function keyOf(number: number) {
  return ['rules', 'proposal', number, language.value]
}

export function useProposal(number: Ref<number>) {
  return useQuery(
    computed(() => ({
      queryKey: keyOf(number.value),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/rules/proposals/{number}', { params: { path: { number: number.value } }, signal }),
    })),
  )
}

/** Do something with a proposal: one thing at a time, what comes back is shown, a refusal is kept in words. */
export function useActing() {
  const client = useQueryClient()
  const busy = ref(false)
  const refusal = ref<Problem | Error | null>(null)
  const problem = computed(() => (refusal.value ? said(refusal.value) : ''))

  async function act(call: () => Promise<RuleProposalFull>): Promise<RuleProposalFull | null> {
    if (busy.value) return null
    busy.value = true
    refusal.value = null
    try {
      const found = await call()
      client.setQueryData(keyOf(found.number), found)
      void client.invalidateQueries({ queryKey: ['rules'] })
      return found
    } catch (error) {
      refusal.value = error instanceof Error ? error : new Error(String(error))
      return null
    } finally {
      busy.value = false
    }
  }
  return { busy, refusal, problem, act }
}

/** One thing that is wrong with what was sent: where, and why. */
export interface Wrong {
  place: string
  line: number
  why: string
  value: string
}

/** What a refusal names: fields of a form, or lines of a file. */
export function wrongs(refusal: unknown): Wrong[] {
  const rows = refusal instanceof Problem ? refusal.facts['problems'] : null
  if (!Array.isArray(rows)) return []
  return (rows as Record<string, unknown>[]).map((row) => ({
    place: String(row['field'] ?? row['column'] ?? ''),
    line: Number(row['line'] ?? 0),
    why: String(row['text'] ?? row['code'] ?? ''),
    value: String(row['value'] ?? ''),
  }))
}
