import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from '@tanstack/vue-query'
import { computed, ref, watch, type Ref } from 'vue'
import { api } from '@/app/api'
import { useTurns } from '@/domains/clocks/countdown'
import type { CaseLine, CasePage } from '@/generated/api'
import type { DeskQuery } from './filters'

const PAGE = 50
const PULSE_MS = 30_000

/** A line of the list, and when the server told it: its countdowns go on from there. */
export interface Row extends CaseLine {
  told: string
}
type Page = Omit<CasePage, 'cases'> & { cases: Row[] }
type Pages = InfiniteData<Page, string>

/** The list under a filter. It is read again every half minute, but no row moves under the hand: rows that are known
 *  are renewed in place, those that left are marked, and new ones wait until they are asked for. */
export function useQueue(filter: Ref<DeskQuery>) {
  const client = useQueryClient()
  const key = computed(() => ['cases', 'desk', filter.value] as const)
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => page(filter.value, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    shallow: true,
  })
  const pulse = useQuery({
    queryKey: computed(() => ['cases', 'pulse', filter.value] as const),
    queryFn: ({ signal }) => page(filter.value, '', signal),
    enabled: computed(() => list.isSuccess.value && !list.isPlaceholderData.value),
    initialData: () => client.getQueryData<Pages>(key.value)?.pages[0],
    initialDataUpdatedAt: () => client.getQueryState(key.value)?.dataUpdatedAt,
    refetchInterval: PULSE_MS,
    refetchOnWindowFocus: 'always',
    staleTime: PULSE_MS,
    shallow: true,
  })

  const rows = computed(() => (list.data.value?.pages ?? []).flatMap((loaded) => loaded.cases))
  const gone = ref<ReadonlySet<string>>(new Set())
  const fresh = ref<ReadonlySet<string>>(new Set())

  watch(pulse.data, (first) => {
    if (!first || list.isPlaceholderData.value) return
    const known = rows.value.map((row) => row.number)
    const now = first.cases.map((row) => row.number)
    // On a full page the rows behind its last known one may merely have been pushed further down.
    const end = first.next ? known.findLastIndex((number) => now.includes(number)) : known.length
    gone.value = new Set(known.slice(0, end).filter((number) => !now.includes(number)))
    fresh.value = new Set(now.filter((number) => !known.includes(number)))
    renew(first.cases)
  })
  watch(filter, () => settle())
  useTurns(() => rows.value.flatMap(turns), recount)

  function settle() {
    gone.value = new Set()
    fresh.value = new Set()
  }

  function renew(lines: Row[]) {
    const found = new Map(lines.map((line) => [line.number, line]))
    const changed = (row: Row) => {
      const line = found.get(row.number)
      return line && SHOWN.some((show) => String(show(line)) !== String(show(row))) ? line : row
    }
    client.setQueryData<Pages>(key.value, (pages) => {
      if (!pages?.pages.some((loaded) => loaded.cases.some((row) => changed(row) !== row))) return pages
      return { ...pages, pages: pages.pages.map((loaded) => ({ ...loaded, cases: loaded.cases.map(changed) })) }
    })
  }

  /** Work began or ended: every row that is loaded learns how long that stays so. */
  async function recount() {
    for (const start of list.data.value?.pageParams ?? []) {
      const found = await page(filter.value, String(start)).catch(() => null)
      if (found) renew(found.cases)
    }
  }

  /** Read one case again, after somebody came back from its page. */
  async function renewOne(number: string) {
    const found = await page({ ...filter.value, q: number }, '').catch(() => null)
    if (!found) return
    renew(found.cases)
    if (!found.cases.some((row) => row.number === number)) gone.value = new Set([...gone.value, number])
  }

  /** Read the list anew from its beginning. */
  async function reload() {
    settle()
    client.setQueryData<Pages>(key.value, (pages) =>
      pages ? { pages: pages.pages.slice(0, 1), pageParams: pages.pageParams.slice(0, 1) } : pages,
    )
    await list.refetch()
    void client.invalidateQueries({ queryKey: ['cases', 'counts'] })
  }

  /** Load the next page, once. */
  function more() {
    if (list.hasNextPage.value && !list.isFetching.value) void list.fetchNextPage()
  }

  return { list, rows, gone, fresh, more, renewOne, reload }
}

/** When the countdowns of a row stop or go on. */
function turns(row: CaseLine): (string | null | undefined)[] {
  return [row.countdown?.changes_at, row.stage_countdown?.changes_at]
}

/** What makes a row another one; its countdowns tick by themselves. */
const SHOWN = [
  (row: CaseLine) => row.seq,
  (row: CaseLine) => row.due_at,
  (row: CaseLine) => row.hold,
  (row: CaseLine) => turns(row),
]

async function page(filter: DeskQuery, before: string, signal?: AbortSignal): Promise<Page> {
  const found = await api.get('/api/cases', { params: { query: { ...filter, limit: PAGE, before } }, signal })
  return { ...found, cases: found.cases.map((line) => ({ ...line, told: found.at })) }
}
