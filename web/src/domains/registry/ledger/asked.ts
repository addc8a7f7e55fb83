import { useQuery } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useTree } from '@/domains/standards/book'
import { api } from '@/app/api'
import { language } from '@/app/language'

/** What is asked stands in the address: it can be kept, sent and gone back to. */
export function useTold<Name extends string>(names: readonly Name[]) {
  const route = useRoute()
  const router = useRouter()
  const told = computed(
    () =>
      Object.fromEntries(names.map((name) => [name, String(route.query[name] ?? '').slice(0, 100)])) as Record<
        Name,
        string
      >,
  )

  function ask(changes: Partial<Record<Name, string>>): void {
    const wanted = Object.entries<string>({ ...told.value, ...changes } as Record<Name, string>)
    void router.replace({ query: Object.fromEntries(wanted.filter(([, value]) => value)) })
  }
  return { told, ask }
}

/** The minor categories of the rule book, to choose from; majors too where all below one may be meant. */
export function useCategories(majors = false) {
  const tree = useTree(ref(''))
  return computed(() =>
    (tree.data.value?.majors ?? []).flatMap((major) => [
      ...(majors && major.code ? [{ code: major.code, name: major.name }] : []),
      ...major.minors.map(({ code, name }) => ({ code, name, hint: major.name })),
    ]),
  )
}

/** The situations of a category, to choose from. */
export function useSituations(category: () => string) {
  const found = useQuery({
    queryKey: computed(() => ['rules', 'situations', category(), language.value]),
    queryFn: ({ signal }) =>
      api.get('/api/rules/categories/{category}', { params: { path: { category: category() } }, signal }),
    enabled: computed(() => category() !== ''),
  })
  return computed(() =>
    (found.data.value?.rules ?? [])
      .filter((rule) => rule.situation)
      .map((rule) => ({ code: rule.situation, name: rule.situation_name || rule.situation })),
  )
}
