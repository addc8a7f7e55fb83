import createClient, { type Middleware } from 'openapi-fetch'
import type { MaybeOptionalInit, MethodResponse } from 'openapi-fetch'
import type { HttpMethod, PathsWithMethod, RequiredKeysOf } from 'openapi-typescript-helpers'
import { language, say } from './language'
import { Problem } from './problem'
import { signedIn, signInAgain } from './session'
import type { paths } from '@/generated/api'

const client = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })

export function cookie(name: string): string {
  const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))
  return found ? decodeURIComponent(found.slice(name.length + 1)) : ''
}

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', language.value)
    if (request.method !== 'GET') request.headers.set('X-CSRFToken', cookie('csrftoken'))
    return request
  },
}
client.use(headers)

type Init<Method extends HttpMethod, Path extends PathsWithMethod<paths, Method>> = MaybeOptionalInit<
  paths[Path],
  Method
>
type Verb = 'get' | 'post' | 'put' | 'delete'
type Arguments<Options> = RequiredKeysOf<Options> extends never ? [Options?] : [Options]
type Answer<Method extends Verb, Path extends PathsWithMethod<paths, Method>> = MethodResponse<
  typeof client,
  Method,
  Path
>

async function send<Method extends Verb, Path extends PathsWithMethod<paths, Method>>(
  method: Method,
  path: Path,
  init: object,
): Promise<Answer<Method, Path>> {
  const call = client[method.toUpperCase() as 'GET'] as unknown as (
    path: Path,
    init: object,
  ) => Promise<{ data?: unknown; error?: unknown; response: Response }>
  for (;;) {
    const { data, error, response } = await call(path, init).catch(unreachable)
    if (response.ok) return data as Answer<Method, Path>
    if (response.status === 401 && signedIn.value && (await signInAgain())) continue
    throw problemOf(error, response)
  }
}

function unreachable(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new Problem(0, 'unreachable', say('app.unreachable'))
}

export function problemOf(body: unknown, response: Response): Problem {
  const facts = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const detail = facts['detail'] ?? say('app.failed', { status: response.status })
  return new Problem(response.status, String(facts['code'] ?? 'internal'), String(detail), facts)
}

/** The server's API: typed by its own description, every refusal a `Problem`, an ended session asked to sign in again. */
export const api = {
  get: <Path extends PathsWithMethod<paths, 'get'>>(path: Path, ...rest: Arguments<Init<'get', Path>>) =>
    send('get', path, rest[0] ?? {}),
  post: <Path extends PathsWithMethod<paths, 'post'>>(path: Path, ...rest: Arguments<Init<'post', Path>>) =>
    send('post', path, rest[0] ?? {}),
  put: <Path extends PathsWithMethod<paths, 'put'>>(path: Path, ...rest: Arguments<Init<'put', Path>>) =>
    send('put', path, rest[0] ?? {}),
  delete: <Path extends PathsWithMethod<paths, 'delete'>>(path: Path, ...rest: Arguments<Init<'delete', Path>>) =>
    send('delete', path, rest[0] ?? {}),
}

/** A form with a file, for operations that take one. */
export function formOf(fields: Record<string, string | Blob>): { body: never; bodySerializer: () => FormData } {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return { body: {} as never, bodySerializer: () => form }
}
