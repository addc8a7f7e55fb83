import { computed, shallowRef, type Ref } from 'vue'
import type { CaseLine } from '@/generated/api'

/** Which rows are picked, by number; with a range from the last row that was picked by itself. */
export function useSelection<Row extends Pick<CaseLine, 'number' | 'steps'>>(rows: Ref<Row[]>) {
  const picked = shallowRef<ReadonlySet<string>>(new Set())
  let anchor = ''

  const chosen = computed(() => rows.value.filter((row) => picked.value.has(row.number)))
  const all = computed(() => rows.value.length > 0 && chosen.value.length === rows.value.length)
  /** Steps that every picked case can take. */
  const steps = computed(() => {
    const [first, ...others] = chosen.value
    return first?.steps.filter((step) => others.every((row) => row.steps.includes(step))) ?? []
  })

  function toggle(number: string, range = false) {
    const next = new Set(picked.value)
    const on = !next.has(number)
    for (const each of range ? between(anchor, number) : [number]) {
      if (range || on) next.add(each)
      else next.delete(each)
    }
    anchor = number
    picked.value = next
  }

  function between(from: string, to: string): string[] {
    const numbers = rows.value.map((row) => row.number)
    const [start, end] = [numbers.indexOf(from), numbers.indexOf(to)].sort((a, b) => a - b) as [number, number]
    return start < 0 ? [to] : numbers.slice(start, end + 1)
  }

  function keep(numbers: Iterable<string>) {
    picked.value = new Set(numbers)
  }

  return {
    picked,
    chosen,
    all,
    steps,
    toggle,
    keep,
    toggleAll: () => keep(all.value ? [] : rows.value.map((row) => row.number)),
  }
}
