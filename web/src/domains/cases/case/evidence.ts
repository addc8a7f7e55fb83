import { instant } from '@/app/clock'
import { say } from '@/app/language'
import type { CaseOut, CaseReportOut, EntryOut } from '@/generated/api'
import type { Photo } from '@/domains/evidence/photos'

/** Steps whose proof is a photo: those taken on the spot, and requests, whose form is signed. */
export const WITH_PHOTOS = new Set([
  'pre_verify',
  'request_return',
  'handle',
  'finish_part',
  'arrive',
  'finish_duty',
  'check',
  'rework',
  'ask_extension',
  'ask_deferral',
  'ask_shelving',
])

const PHASE: Record<string, string> = {
  report: 'cases.case.before',
  pre_verify: 'cases.case.before',
  handle: 'cases.case.after',
  check: 'cases.case.after',
}

/** A photo of a case, by its id. */
function photo(number: string, id: string, caption: string): Photo {
  const path = `/api/cases/${encodeURIComponent(number)}/photos/${encodeURIComponent(id)}`
  return { id, thumb: `${path}?size=thumb`, full: `${path}?size=full`, caption }
}

/** The photos that an entry names, each with what it shows and since when. */
export function photosOf(number: string, entry: EntryOut): Photo[] {
  const phase = PHASE[entry.step]
  const caption = `${phase ? say(phase) : entry.title} ${instant(entry.at)}`
  return entry.evidence.map((id) => photo(number, id, caption))
}

/** The photos that came with a report. */
export function photosOfReport(report: CaseReportOut): Photo[] {
  const caption = `${say('cases.case.before')} ${instant(report.happened_at)}`
  return report.photos.map((id) => photo(report.case, id, caption))
}

export interface Phases {
  before: Photo[]
  after: Photo[]
  /** All photos that are neither. */
  others: Photo[]
}

/** How it looked when it was found, in this case and in those merged into it, and after it was worked on or checked last. */
export function phasesOf(row: CaseOut, reports: readonly CaseReportOut[]): Phases {
  const of = (phase: string) => row.entries.filter((entry) => PHASE[entry.step] === phase && entry.evidence.length)
  const found = of('cases.case.before')
  const last = of('cases.case.after').at(-1)
  const merged = reports.filter((report) => report.case !== row.number)
  return {
    before: [
      ...found.flatMap((entry) => photosOf(row.number, entry)),
      ...merged.flatMap((report) => photosOfReport(report)),
    ],
    after: last ? photosOf(row.number, last) : [],
    others: row.entries
      .filter((entry) => entry !== last && !found.includes(entry))
      .flatMap((entry) => photosOf(row.number, entry)),
  }
}
