import type { Map as MapLibre, MapOptions, StyleSpecification } from 'maplibre-gl'
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { api } from '@/app/api'
import { language, say } from '@/app/language'
import { city, loadMe, me, signedIn } from '@/app/session'
import { theme } from '@/app/theme'
import { lightImage } from './lightImages'
import { LIGHTS, onTopOf, styleOf, type Drawing } from './mapStyle'
import { boundsOf } from './points'

type Wish = Partial<Pick<Drawing, 'parts' | 'only' | 'plain' | 'rings' | 'bounds' | 'extra'>>

export interface Drawn {
  map: ShallowRef<MapLibre | null>
  /** The browser cannot draw maps here: the page must do without. */
  failed: Ref<boolean>
}

/** Whether the browser draws WebGL at all. */
function drawsMaps(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null
}

/** A map in `box`, drawn anew whenever the wish, the language, the theme or the view token changes. */
export function useMap(box: Ref<HTMLElement | null>, wish: () => Wish, options: Partial<MapOptions> = {}): Drawn {
  const map = shallowRef<MapLibre | null>(null)
  const failed = ref(false)
  let gone = false

  const drawing = computed<Drawing>(() => ({
    language: language.value,
    theme: theme.value,
    token: me.value?.view_token ?? null,
    parts: ['areas'],
    only: {},
    plain: false,
    rings: [],
    extra: { sources: {}, layers: [] },
    baseTiles: city.value?.base_map?.tiles ?? null,
    ownMap: city.value?.base_map?.pmtiles ?? null,
    attribution: city.value?.base_map?.attribution ?? '',
    bounds: boundsOf(city.value?.bounds),
    ...wish(),
  }))

  onMounted(async () => {
    if (!drawsMaps()) return void (failed.value = true)
    box.value?.toggleAttribute('data-busy', true)
    const library = await import('./maplibre')
    if (gone || !box.value) return
    const bounds = drawing.value.bounds
    const place = bounds && !options.center ? { bounds: [...bounds] as [number, number, number, number] } : {}
    const made = new library.Map({
      container: box.value,
      style: styleOf(drawing.value),
      attributionControl: city.value?.base_map ? { compact: true } : false,
      fitBoundsOptions: { padding: 16 },
      maxPitch: 0,
      pitchWithRotate: false,
      dragRotate: false,
      rollEnabled: false,
      fadeDuration: 0,
      renderWorldCopies: false,
      maxZoom: 19,
      locale: { 'Map.Title': say('cockpit.control.map'), 'Marker.Title': say('cockpit.control.marker') },
      ...place,
      ...options,
    })
    watchBusy(made)
    made.touchZoomRotate.disableRotation()
    made.keyboard.disableRotation()
    if (options.interactive !== false)
      made.addControl(new library.NavigationControl({ showCompass: false }), 'top-right')
    nameControls(made)
    made.setMissingStyleImageResolver((id) => addLight(made, id))
    made.on('error', ({ error }) => void renew(error))
    if (city.value?.base_map?.style) draw(made, drawing.value)
    map.value = made
  })

  watch(
    () => JSON.stringify(drawing.value),
    () => map.value && draw(map.value, drawing.value),
    { flush: 'post' },
  )

  watch(
    () => language.value,
    () => map.value && nameControls(map.value),
  )

  onBeforeUnmount(() => {
    gone = true
    map.value?.remove()
    map.value = null
  })
  return { map, failed }
}

function draw(map: MapLibre, drawing: Drawing): void {
  const base = city.value?.base_map?.style
  if (!base) return void map.setStyle(styleOf(drawing))
  const transformStyle = (_: StyleSpecification | undefined, next: StyleSpecification) => onTopOf(next, drawing)
  map.setStyle(base, { transformStyle })
}

/** `data-busy` on the map's element while it has something to fetch or to draw. A fetch that was given up or failed
 *  draws nothing by itself, and a map that does not draw is never said to be idle: it is asked to draw once more. */
function watchBusy(map: MapLibre): void {
  const busy = (on: boolean) => () => void map.getContainer().toggleAttribute('data-busy', on)
  const again = () => map.triggerRepaint()
  map.on('dataloading', busy(true))
  map.on('resize', busy(true))
  map.on('dataabort', again)
  map.on('error', again)
  map.on('idle', busy(false))
}

/** The library names its buttons once and in English. */
function nameControls(map: MapLibre): void {
  for (const [part, key] of [
    ['zoom-in', 'cockpit.control.zoomIn'],
    ['zoom-out', 'cockpit.control.zoomOut'],
  ] as const) {
    const button = map.getContainer().querySelector(`.maplibregl-ctrl-${part}`)
    button?.setAttribute('aria-label', say(key))
    button?.setAttribute('title', say(key))
  }
}

function addLight(map: MapLibre, id: string): void {
  const light = LIGHTS.find((name) => id === `${name}-${theme.value}`)
  if (light && !map.hasImage(id)) map.addImage(id, lightImage(light), { pixelRatio: 2 })
}

let renewing: Promise<unknown> | null = null

/** A tile refused because the view token or the session ended: ask who we are, and for signing in if we are nobody. */
function renew(error: unknown): Promise<unknown> {
  if ((error as { status?: number } | null)?.status !== 401 || !signedIn.value) return Promise.resolve()
  renewing ??= again()
    .catch(() => null)
    .finally(() => window.setTimeout(() => (renewing = null), 10_000))
  return renewing
}

/** Asking for something personal first: that is where an ended session is asked to sign in, with the page left as it is. */
async function again(): Promise<void> {
  await api.get('/api/me/filters')
  await loadMe()
}
