import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api } from '@/app/api'
import { language } from '@/app/language'
import type { LayerOut } from '@/generated/api'

/** So many colours tell layers apart; their signs tell those of one colour apart. */
export const HUES = 6

/** The layers of the city in their order, with names in the language spoken. */
export function useLayers() {
  return useQuery({
    queryKey: computed(() => ['layers', language.value]),
    queryFn: ({ signal }) => api.get('/api/layers', { signal }),
    staleTime: 60_000,
  })
}

/** A word for the addresses of tiles; asked for anew long before it runs out. */
export function useTileToken() {
  return useQuery({
    queryKey: ['tiles', 'token'],
    queryFn: () => api.get('/api/tiles/token'),
    staleTime: 600_000,
    refetchInterval: 600_000,
  })
}

/** What stands for a layer on the map: the first sign of its name. */
export function signOf(layer: Pick<LayerOut, 'name'>): string {
  return [...layer.name][0]?.toUpperCase() ?? ''
}

export interface LayerGroup {
  name: string
  layers: LayerOut[]
}

/** Layers by group, both in the city's order. */
export function grouped(layers: readonly LayerOut[]): LayerGroup[] {
  const groups = new Map<string, LayerOut[]>()
  for (const layer of layers) groups.set(layer.group, [...(groups.get(layer.group) ?? []), layer])
  return [...groups].map(([name, members]) => ({ name, layers: members }))
}
