import { say } from '@/app/language'
import type { LedgerRowOut } from '@/generated/api'

/** Where, for which things and when a duty holds, each said in a word or two; empty where it holds for all. */
export function scopeOf(row: LedgerRowOut): string[] {
  const places = {
    area: row.area_name || row.area,
    areaClass: row.area_class,
    grid: row.grid,
    road: row.road,
    object: row.object,
    phase: row.phase,
    stratum: row.stratum && say(`registry.ledger.strata.${row.stratum}`),
    situation: row.situation,
    hours: row.hours,
  }
  const told = Object.entries(places).filter(([, text]) => text)
  const said = told.map(([name, text]) => say(`registry.ledger.scope.${name}`, { text }))
  return row.drawn ? [...said, say('registry.ledger.drawn')] : said
}
