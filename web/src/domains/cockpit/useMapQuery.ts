import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import type { Narrowing, Part } from './mapStyle'
import type { Point } from './points'

const PARTS: readonly Part[] = ['cases', 'grids', 'areas']
const USUAL = 'cases,areas'

export interface MapView extends Point {
  zoom: number
}

/** What the map page shows, as it stands in the address: whoever opens the address sees the same. */
export function useMapQuery() {
  const route = useRoute()
  const router = useRouter()
  const told = (name: string) => String(route.query[name] ?? '')

  const only = computed<Narrowing>(() => ({ light: told('light'), category: told('category'), state: told('state') }))
  const parts = computed(() => {
    const layers = ('layers' in route.query ? told('layers') : USUAL).split(',')
    return PARTS.filter((part) => layers.includes(part))
  })
  const number = computed(() => told('n'))
  const view = computed<MapView | null>(() => {
    const [lon, lat, zoom] = told('at').split(',').map(Number)
    const known = [lon, lat, zoom].every((value) => value !== undefined && Number.isFinite(value))
    return known ? { lon: lon as number, lat: lat as number, zoom: zoom as number } : null
  })

  function set(changes: Record<string, string>): void {
    const query: LocationQueryRaw = { ...route.query, ...changes }
    for (const [name, value] of Object.entries(query)) if (value === '' && name !== 'layers') delete query[name]
    if (query['layers'] === USUAL) delete query['layers']
    void router.replace({ query })
  }

  function toggle(part: Part): void {
    const now = parts.value
    set({ layers: PARTS.filter((one) => (one === part) !== now.includes(one)).join(',') })
  }

  return { only, parts, number, view, set, toggle }
}
