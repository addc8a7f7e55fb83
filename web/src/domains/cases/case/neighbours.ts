import { computed, type Ref } from 'vue'

const QUEUE = 'cityloop.queue'

function queue(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(QUEUE) ?? '[]')
    return Array.isArray(kept) ? kept.filter((number) => typeof number === 'string') : []
  } catch {
    return []
  }
}

/** Where a case stands in the queue that the desk left; `at` counts from 1 and is 0 for a case from elsewhere. */
export function useNeighbours(number: Ref<string>) {
  return computed(() => {
    const numbers = queue()
    const index = numbers.indexOf(number.value)
    return {
      at: index + 1,
      all: numbers.length,
      previous: index > 0 ? numbers[index - 1] : undefined,
      next: index >= 0 ? numbers[index + 1] : undefined,
    }
  })
}
