import { cookie, problemOf } from '@/app/api'
import { language, say } from '@/app/language'
import { Problem } from '@/app/problem'
import { queries } from '@/app/queries'
import { loadMe } from '@/app/session'

const BASE = '/_allauth/browser/v1'

/** What signing in came to: done, or the second factor is still to be shown. */
export type SignIn = 'done' | 'second_factor'

/** What the sign-in part answers, as far as anybody here reads it. */
export interface Reply {
  status: number
  data?: { flows?: { id: string }[] } & Record<string, unknown>
  meta?: Record<string, unknown>
  errors?: { message: string; code: string }[]
}

/** Ask the sign-in part of the server; its refusals become a `Problem`; 401 and 404 are answers
 * like any other: not (wholly) signed in, not set up. */
export async function ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Reply> {
  const response = await fetch(`${BASE}${path}`, {
    method,
    headers: {
      Accept: 'application/json',
      'Accept-Language': language.value,
      'X-CSRFToken': cookie('csrftoken'),
      ...(body ? { 'Content-Type': 'application/json' } : {}),
    },
    body: body ? JSON.stringify(body) : null,
  }).catch(() => {
    throw new Problem(0, 'unreachable', say('app.unreachable'))
  })
  const reply = (await response.json().catch(() => ({ status: response.status }))) as Reply
  const [first] = reply.errors ?? []
  if (first) throw new Problem(response.status, first.code, first.message)
  if (!response.ok && response.status !== 401 && response.status !== 404) throw problemOf(reply, response)
  return reply
}

export const REDIRECT = `${BASE}/auth/provider/redirect`

/** The providers that this city lets people sign in through. */
export async function providers(): Promise<{ id: string; name: string }[]> {
  const { data } = await ask('GET', '/config')
  const offered = data?.['socialaccount'] as { providers?: { id: string; name: string }[] } | undefined
  return offered?.providers ?? []
}

async function outcome(reply: Reply): Promise<SignIn> {
  if (reply.status === 401 && reply.data?.flows?.some((flow) => flow.id === 'mfa_authenticate')) return 'second_factor'
  await loadMe()
  return 'done'
}

export async function signIn(username: string, password: string): Promise<SignIn> {
  return outcome(await ask('POST', '/auth/login', { username, password }))
}

export async function showSecondFactor(code: string): Promise<SignIn> {
  return outcome(await ask('POST', '/auth/2fa/authenticate', { code }))
}

export async function signOut(): Promise<void> {
  await ask('DELETE', '/auth/session')
  queries.clear()
  await loadMe()
}
