import { QueryClient } from '@tanstack/vue-query'
import { watch } from 'vue'
import { language } from './language'
import { Problem } from './problem'

/** What was read from the server. A refusal is final; only an unreachable server is asked again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (times, error) => times < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500),
    },
  },
})

// Names of categories, places and steps come from the server in the language asked for.
watch(
  () => language.value,
  () => void queries.invalidateQueries(),
)
