import type { RouteLocationRaw } from 'vue-router'

/** The desk's list of the cases that a figure counts: open ones, unless a state says otherwise. */
export function casesAt(filters: Record<string, string>): RouteLocationRaw {
  return { path: '/desk', query: { queue: 'all', ...filters } }
}
