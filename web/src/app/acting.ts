import { ref } from 'vue'
import { said } from './problem'

/** One thing at a time is done; `done` learns what comes back, a refusal is kept in words. */
export function useActing<Found>(done: (found: Found) => void) {
  const busy = ref(false)
  const problem = ref('')

  async function act(call: () => Promise<Found>): Promise<Found | null> {
    if (busy.value) return null
    busy.value = true
    problem.value = ''
    try {
      const found = await call()
      done(found)
      return found
    } catch (error) {
      problem.value = said(error)
      return null
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, act }
}
