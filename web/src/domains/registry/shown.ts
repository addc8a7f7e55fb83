import { computed, type Ref } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import type { LayerOut } from '@/generated/api'

/** So many layers are on before anybody chose: the first that have objects. */
const USUAL = 4

/** What the map of objects shows, as it stands in the address: whoever opens the address sees the same. */
export function useObjectsQuery(layers: Ref<LayerOut[] | undefined>) {
  const route = useRoute()
  const router = useRouter()
  const told = (name: string) => String(route.query[name] ?? '')

  const on = computed(() => {
    if ('layers' in route.query) return told('layers').split(',').filter(Boolean)
    return (layers.value ?? [])
      .filter((layer) => layer.objects)
      .slice(0, USUAL)
      .map((layer) => layer.code)
  })
  const code = computed(() => told('o'))
  const view = computed(() => {
    const [lon, lat, zoom] = told('at').split(',').map(Number)
    return [lon, lat, zoom].every((value) => value !== undefined && Number.isFinite(value))
      ? { lon: lon as number, lat: lat as number, zoom: zoom as number }
      : null
  })

  function set(changes: Record<string, string>): void {
    const query: LocationQueryRaw = { ...route.query, ...changes }
    for (const [name, value] of Object.entries(query)) if (value === '' && name !== 'layers') delete query[name]
    void router.replace({ query })
  }

  function toggle(layer: string): void {
    const now = on.value
    set({ layers: (now.includes(layer) ? now.filter((one) => one !== layer) : [...now, layer]).join(',') })
  }

  return { on, code, view, set, toggle }
}
