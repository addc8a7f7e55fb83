import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const WEB = fileURLToPath(new URL('..', import.meta.url))

/** Every source file of ours with its text, by its path from `web/`; generated ones are not ours. */
export function sources(...endings) {
  return readdirSync(join(WEB, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .filter((path) => !path.includes(join('src', 'generated')))
    .map((path) => ({ path: relative(WEB, path), text: readFileSync(path, 'utf8') }))
}
