import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api } from '@/app/api'

const HOUR_MS = 3_600_000

/** What filters and forms choose from. It changes with the city's pack only. */
export function useChoices() {
  const { data, error, refetch } = useQuery({
    queryKey: ['cases', 'choices'],
    queryFn: ({ signal }) => api.get('/api/cases/choices', { signal }),
    staleTime: HOUR_MS,
    shallow: true,
  })
  const majors = computed(
    () => new Map(data.value?.categories.filter((row) => row.level === 'major').map((row) => [row.code, row.name])),
  )
  const categories = computed(
    () =>
      data.value?.categories.map((row) => ({
        code: row.code,
        name: row.name,
        hint: row.major ? majors.value.get(row.major) : undefined,
      })) ?? [],
  )
  const minors = computed(() => categories.value.filter((row) => row.hint !== undefined))
  const organisations = computed(() => named(data.value?.organisations))
  const areas = computed(() => named(data.value?.areas))
  const channels = computed(() => data.value?.channels ?? [])
  /** The organisations below one, at any depth. */
  function below(code: string) {
    const parents = new Map(data.value?.organisations.map((row) => [row.code, row.parent]))
    const isBelow = (one: string): boolean => {
      const parent = parents.get(one)
      return Boolean(parent) && (parent === code || isBelow(parent as string))
    }
    return organisations.value.filter((row) => isBelow(row.code))
  }
  /** The major category above a minor one; nothing where the code is not known. */
  function majorOf(code: string): string {
    return data.value?.categories.find((row) => row.code === code)?.major ?? ''
  }
  return { categories, minors, majorOf, organisations, below, areas, channels, error, refetch }
}

function named(rows: { code: string; name: string; parent: string | null }[] | undefined) {
  const names = new Map(rows?.map((row) => [row.code, row.name]))
  return rows?.map(({ code, name, parent }) => ({ code, name, hint: parent ? names.get(parent) : undefined })) ?? []
}
