import { ref, watch } from 'vue'
import { cityInstant } from '@/app/clock'
import type { LimitOut, NeedOut, StepIn } from '@/generated/api'

type Words = Required<
  Pick<
    StepIn,
    | 'organisation'
    | 'situation'
    | 'reason'
    | 'result'
    | 'verdict'
    | 'closing_kind'
    | 'measures'
    | 'basis'
    | 'means'
    | 'other'
    | 'link'
    | 'disputed'
    | 'urgency'
    | 'delivery'
    | 'rating'
    | 'scenario'
    | 'tier'
    | 'note'
    | 'photos'
  >
>
/** What a person fills in for a step, under the names that the server gives it. Every fact is text while it is being
 *  written: more time `3 wd`, an instant as the city's clocks show it, several bodies `roads,parks`. */
export type Draft = Words & Record<'extension' | 'within' | 'until' | 'review_on' | 'organisations', string>
export type Fact = Exclude<keyof Draft, 'note' | 'photos'>

export const EMPTY: Draft = {
  organisation: '',
  situation: '',
  reason: '',
  result: '',
  verdict: '',
  closing_kind: '',
  extension: '',
  until: '',
  review_on: '',
  measures: '',
  basis: '',
  means: '',
  other: '',
  link: '',
  disputed: '',
  organisations: '',
  urgency: '',
  within: '',
  delivery: '',
  rating: '',
  scenario: '',
  tier: '',
  note: '',
  photos: [],
}

/** Whether a need is one that a person fills in here. */
export function asked(need: NeedOut): need is NeedOut & { fact: Fact } {
  return need.fact in EMPTY
}

type Wanted = NeedOut & { fact: Fact }

/** What proves the reason that is chosen: a fact, or `photos`, or `note`; empty where nothing has to. */
export function proofOf(needs: readonly NeedOut[], facts: Readonly<Record<string, unknown>>): string {
  const chosen = needs.flatMap((need) => need.choices.filter((choice) => choice.value === facts[need.fact]))
  return chosen.find((choice) => choice.proof)?.proof ?? ''
}

/** The needs of a form as it is filled in: what only proves a reason is asked for together with that reason. */
export function shownOf(needs: readonly NeedOut[], facts: Readonly<Record<string, unknown>>): Wanted[] {
  const proofs = new Set(needs.flatMap((need) => need.choices.map((choice) => choice.proof)))
  const proof = proofOf(needs, facts)
  return needs.filter(asked).filter((need) => need.required || !proofs.has(need.fact) || need.fact === proof)
}

/** What goes to the server: the facts that were asked for, and nothing that was hidden again meanwhile. */
export function factsOf(shown: readonly Wanted[], facts: Readonly<Partial<Record<Fact, string>>>) {
  const words: Draft = { ...EMPTY }
  for (const { fact } of shown) words[fact] = (facts[fact] ?? '').trim()
  const { photos: _photos, note: _note, situation: _situation, rating: _rating, ...told } = words
  return { ...told, ...timesOf(words), organisations: listOf(words.organisations) }
}

/** What goes to the server with a step about which nothing was told. */
export const UNTOLD: Omit<StepIn, 'step'> = {
  ...factsOf([], {}),
  situation: '',
  rating: '',
  note: '',
  photos: [],
  duty: 0,
}

/** Whether a fact has been filled in. */
export function given(need: NeedOut, text: string): boolean {
  return need.kind === 'limit' ? Number(limitOf(text).value) > 0 : text.trim() !== ''
}

/** `3 wd` in its two parts. */
export function limitOf(text: string): { value: string; unit: LimitOut['unit'] | '' } {
  const [value = '', unit = ''] = text.split(' ')
  return { value, unit: unit as LimitOut['unit'] | '' }
}

/** `roads,parks` one by one. */
export function listOf(text: string): string[] {
  return text.split(',').filter(Boolean)
}

/** So much time as the server takes it; null where it was not filled in. */
function amountOf(text: string) {
  const { value, unit } = limitOf(text)
  return value && unit ? { value, unit } : null
}

/** Facts about time as the server takes them; what was not filled in is left out. */
export function timesOf(draft: Pick<Draft, 'extension' | 'within' | 'until' | 'review_on'>) {
  return {
    extension: amountOf(draft.extension),
    within: amountOf(draft.within),
    until: draft.until ? cityInstant(draft.until) : null,
    review_on: draft.review_on || null,
  }
}

/** What was typed for a step of a case; this tab keeps it until the step is taken. `step`: what tells it from others. */
export function useDraft(number: string, step: string, needs: readonly NeedOut[]) {
  const key = `cityloop.step.${number}.${step}`
  const draft = ref<Draft>({ ...EMPTY, ...kept(key) })
  for (const need of needs.filter(asked)) {
    const [only, ...others] = need.choices
    if (only && !others.length && need.required) draft.value[need.fact] = only.value
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
