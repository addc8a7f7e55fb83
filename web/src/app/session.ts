import { computed, ref, shallowRef } from 'vue'
import { api } from './api'
import { setClock } from './clock'
import type { Me } from '@/generated/api'

/** Who is asking, as the server says; null until it said so. */
export const me = shallowRef<Me | null>(null)
export const city = computed(() => me.value?.city ?? null)
export const signedIn = computed(() => me.value?.signed_in ?? false)

/** Ask the server who we are; called at the start, after signing in or out and after a change of language. */
export async function loadMe(): Promise<Me> {
  const found = await api.get('/api/me')
  me.value = found
  setClock(found.now)
  return found
}

/** Whether some post held carries this permission. What a page shows hangs on it; what may be done, the server says. */
export function can(permission: string): boolean {
  return me.value?.permissions.includes(permission) ?? false
}

/** The page where the work of these posts begins: the desk for whoever takes steps, the orders for whoever judges them, else what they read. */
export const home = computed(() => {
  const acts = me.value?.permissions.some((name) => name.startsWith('cases.') && name !== 'cases.read')
  if (!acts && can('orders.judge')) return '/orders'
  if (!acts && can('evaluation.read')) return '/scores'
  if (can('cases.read')) return '/desk'
  return can('rules.read') ? '/rules' : '/account'
})

/** Set while a request waits for the person to sign in again; the page beneath stays as it is. */
export const returning = ref<null | { username: string; done: (again: boolean) => void }>(null)

/** Let the person sign in again without leaving the page; whether it worked. Several requests wait for one answer. */
let waiting: Promise<boolean> | null = null
export function signInAgain(): Promise<boolean> {
  waiting ??= new Promise<boolean>((resolve) => {
    returning.value = {
      username: me.value?.user?.username ?? '',
      done: (again) => {
        returning.value = null
        waiting = null
        resolve(again)
      },
    }
  })
  return waiting
}
