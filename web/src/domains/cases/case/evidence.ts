import { instant } from '@/app/clock'
import { say } from '@/app/language'
import type { EntryOut } from '@/generated/api'
import type { Photo } from '@/domains/evidence/photos'

/** Steps whose proof is a photo: those taken on the spot. */
export const WITH_PHOTOS = new Set(['pre_verify', 'request_return', 'handle', 'check', 'rework'])

const PHASE: Record<string, string> = {
  report: 'cases.case.before',
  pre_verify: 'cases.case.before',
  handle: 'cases.case.after',
  check: 'cases.case.after',
}

/** The photos that an entry names, each with what it shows and since when. */
export function photosOf(number: string, entry: EntryOut): Photo[] {
  const phase = PHASE[entry.step]
  const caption = `${phase ? say(phase) : entry.title} ${instant(entry.at)}`
  const path = `/api/cases/${encodeURIComponent(number)}/photos/`
  return entry.evidence.map((id) => ({
    id,
    thumb: `${path}${encodeURIComponent(id)}?size=thumb`,
    full: `${path}${encodeURIComponent(id)}?size=full`,
    caption,
  }))
}
