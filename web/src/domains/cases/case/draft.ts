import { ref, watch } from 'vue'
import type { NeedOut, StepIn } from '@/generated/api'

/** What a person fills in for a step, under the names that the server gives it. */
export type Draft = Required<
  Pick<StepIn, 'organisation' | 'reason' | 'result' | 'verdict' | 'closing_kind' | 'note' | 'photos'>
>
export type Fact = Exclude<keyof Draft, 'note' | 'photos'>

const EMPTY: Draft = { organisation: '', reason: '', result: '', verdict: '', closing_kind: '', note: '', photos: [] }

/** Whether a need is one that a person fills in here. */
export function asked(need: NeedOut): need is NeedOut & { fact: Fact } {
  return need.fact in EMPTY
}

/** What was typed for a step of a case; this tab keeps it until the step is taken. */
export function useDraft(number: string, step: string, needs: readonly NeedOut[]) {
  const key = `cityloop.step.${number}.${step}`
  const draft = ref<Draft>({ ...EMPTY, ...kept(key) })
  for (const need of needs.filter(asked)) {
    const [only, ...others] = need.choices
    if (only && !others.length) draft.value[need.fact] = only.value
  }
  watch(draft, (now) => sessionStorage.setItem(key, JSON.stringify(now)), { deep: true })

  return {
    draft,
    forget() {
      draft.value = { ...EMPTY }
      // After the watcher, which would write it back.
      queueMicrotask(() => sessionStorage.removeItem(key))
    },
  }
}

function kept(key: string): Partial<Draft> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Draft>
  } catch {
    return {}
  }
}
