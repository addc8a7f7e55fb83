const KEYS: Record<string, string> = {
  category_missing: 'intake.missing.category',
  category_unknown: 'intake.missing.categoryUnknown',
}

/** The key of what to say about a fact that keeps a report from being a case. */
export function missingKey(fact: string): string {
  return KEYS[fact] ?? 'intake.missing.other'
}
