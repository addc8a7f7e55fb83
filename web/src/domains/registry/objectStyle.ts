import type { Feature, Geometry } from 'geojson'
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl'
import { FONT, type Extra } from '@/domains/cockpit/mapStyle'
import type { Bounds } from '@/domains/cockpit/points'
import type { ImportRowOut, LayerOut } from '@/generated/api'
import { colour } from '@/theme/colours'
import { HUES, signOf } from './layers'

export type Kind = ImportRowOut['kind']
export const KINDS: readonly Kind[] = ['new', 'changed', 'moved', 'gone']
/** A colour and a sign for each kind of difference, on the map and in the list. */
export const SIGNS: Record<Kind, string> = { new: '+', changed: '≠', moved: '→', gone: '×' }
const HUE_OF: Record<Kind, string> = { new: 'green', changed: 'chart-3', moved: 'accent', gone: 'red' }

const CLOSE = 14

/** The layers of objects that are switched on, from their tiles. `hues`: the place of each layer in the palette. */
export function objectLayers(layers: readonly LayerOut[], hues: ReadonlyMap<string, number>, token: string): Extra {
  const sources: Extra['sources'] = {}
  for (const { code } of layers) {
    const tiles = [`${location.origin}/api/tiles/objects/${code}/{z}/{x}/{y}?token=${encodeURIComponent(token)}`]
    sources[sourceOf(code)] = { type: 'vector', tiles, minzoom: 0, maxzoom: 16 }
  }
  const order = ['polygon', 'line', 'point']
  const drawn = layers.toSorted((one, other) => order.indexOf(one.geometry) - order.indexOf(other.geometry))
  return { sources, layers: drawn.flatMap((layer) => looks(layer, hueOf(hues.get(layer.code)))) }
}

export function sourceOf(code: string): string {
  return `objects-${code}`
}

export function hueOf(place = 0): string {
  return `chart-${(place % HUES) + 1}`
}

function looks(layer: LayerOut, hue: string): LayerSpecification[] {
  const of = { source: sourceOf(layer.code), 'source-layer': 'objects' }
  const [id, paint] = [sourceOf(layer.code), colour(hue)]
  if (layer.geometry === 'line')
    return [{ id, type: 'line', ...of, layout: ROUND, paint: { 'line-color': paint, 'line-width': 3 } }]
  if (layer.geometry === 'polygon')
    return [
      { id, type: 'fill', ...of, paint: { 'fill-color': paint, 'fill-opacity': 0.35 } },
      { id: `${id}-edge`, type: 'line', ...of, paint: { 'line-color': paint, 'line-width': 1.5 } },
    ]
  return [
    {
      id,
      type: 'circle',
      ...of,
      paint: {
        'circle-color': paint,
        'circle-radius': ['step', ['zoom'], counted(3.5), CLOSE, counted(9)],
        'circle-stroke-color': colour('map-land'),
        'circle-stroke-width': 1,
      },
    },
    {
      id: `${id}-sign`,
      type: 'symbol',
      ...of,
      layout: {
        'text-field': ['step', ['zoom'], COUNT, CLOSE, ['case', ['has', 'count'], COUNT, signOf(layer)]],
        'text-font': FONT,
        'text-size': 11,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': colour('on-accent') },
    },
  ]
}

const ROUND = { 'line-cap': 'round', 'line-join': 'round' } as const
/** Where there are too many points a tile tells how many stand in a cell. */
const COUNT: ExpressionSpecification = ['to-string', ['coalesce', ['get', 'count'], '']]
const counted = (alone: number): ExpressionSpecification => [
  'case',
  ['has', 'count'],
  ['step', ['get', 'count'], 8, 100, 11, 1000, 15],
  alone,
]

/** What a file does to a layer, in colours and signs; `only`: of some kinds. */
export function differenceLayers(rows: readonly ImportRowOut[], only: readonly Kind[]): Extra {
  const data = { type: 'FeatureCollection' as const, features: rows.flatMap((row) => featuresOf(row, only)) }
  const kind = ['get', 'kind'] as ExpressionSpecification
  const hue = ['match', kind, ...KINDS.flatMap((one) => [one, colour(HUE_OF[one])]), colour('none')]
  const paint = hue as unknown as ExpressionSpecification
  const sign = ['match', kind, ...KINDS.flatMap((one) => [one, SIGNS[one]]), '']
  const was: ExpressionSpecification = ['==', ['get', 'role'], 'was']
  return {
    sources: { difference: { type: 'geojson', data, tolerance: 0 } },
    layers: [
      {
        id: 'difference-fill',
        type: 'fill',
        source: 'difference',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': paint, 'fill-opacity': ['case', was, 0.1, 0.3] },
      },
      {
        id: 'difference-line',
        type: 'line',
        source: 'difference',
        filter: ['all', ['!=', ['geometry-type'], 'Point'], ['!', was]],
        layout: ROUND,
        paint: { 'line-color': paint, 'line-width': 2.5 },
      },
      {
        id: 'difference-was',
        type: 'line',
        source: 'difference',
        filter: ['all', ['!=', ['geometry-type'], 'Point'], was],
        paint: { 'line-color': paint, 'line-width': 1.5, 'line-dasharray': [2, 2] },
      },
      {
        id: 'difference-point',
        type: 'circle',
        source: 'difference',
        filter: ['==', ['geometry-type'], 'Point'],
        paint: {
          'circle-color': ['case', was, colour('map-land'), paint],
          'circle-radius': ['case', was, 5, 9],
          'circle-stroke-color': ['case', was, paint, colour('map-land')],
          'circle-stroke-width': ['case', was, 2, 1],
        },
      },
      {
        id: 'difference-sign',
        type: 'symbol',
        source: 'difference',
        filter: ['==', ['get', 'role'], 'is'],
        layout: {
          'text-field': sign as unknown as ExpressionSpecification,
          'text-font': FONT,
          'text-size': 13,
          'text-allow-overlap': true,
          'text-ignore-placement': true,
        },
        paint: { 'text-color': colour('on-accent'), 'text-halo-color': paint, 'text-halo-width': 2 },
      },
    ],
  }
}

/** An object as it will stand, where it stood before, and the way between. */
function featuresOf(row: ImportRowOut, only: readonly Kind[]): Feature[] {
  if (!only.includes(row.kind)) return []
  const feature = (geometry: unknown, role: 'was' | 'is' | 'way'): Feature => ({
    type: 'Feature',
    geometry: geometry as Geometry,
    properties: { kind: row.kind, code: row.code, role },
  })
  const gone = row.kind === 'gone'
  const [from, to] = [placeOf(row.before), placeOf(row.after)]
  const way =
    row.kind === 'moved' && from && to ? [feature({ type: 'LineString', coordinates: [from, to] }, 'way')] : []
  return [
    ...way,
    ...(row.before ? [feature(row.before, gone ? 'is' : 'was')] : []),
    ...(row.after ? [feature(row.after, 'is')] : []),
  ]
}

type Pair = [number, number]

/** Any place of a geometry: its first. */
export function placeOf(geometry: Record<string, unknown> | null | undefined): Pair | null {
  let place = geometry?.['coordinates']
  while (Array.isArray(place) && Array.isArray(place[0])) place = place[0]
  return Array.isArray(place) && place.length >= 2 ? [Number(place[0]), Number(place[1])] : null
}

/** West, south, east, north of all that is given; nothing of nothing. */
export function boundsOfAll(geometries: Iterable<Record<string, unknown> | null>): Bounds | null {
  const places = [...geometries].flatMap((geometry) => (geometry ? pairs(geometry['coordinates']) : []))
  if (!places.length) return null
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [lon, lat] of places) {
    ;[west, south] = [Math.min(west, lon), Math.min(south, lat)]
    ;[east, north] = [Math.max(east, lon), Math.max(north, lat)]
  }
  return [west, south, east, north]
}

function pairs(coordinates: unknown): Pair[] {
  if (!Array.isArray(coordinates)) return []
  return typeof coordinates[0] === 'number' ? [coordinates as Pair] : coordinates.flatMap(pairs)
}

/** One geometry in the colour of the page's accent. */
export function oneShape(geometry: Record<string, unknown>): Extra {
  const data: Feature = { type: 'Feature', geometry: geometry as unknown as Geometry, properties: {} }
  const paint = colour('accent')
  return {
    sources: { shape: { type: 'geojson', data, tolerance: 0 } },
    layers: [
      {
        id: 'shape-fill',
        type: 'fill',
        source: 'shape',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': paint, 'fill-opacity': 0.25 },
      },
      {
        id: 'shape-line',
        type: 'line',
        source: 'shape',
        filter: ['!=', ['geometry-type'], 'Point'],
        layout: ROUND,
        paint: { 'line-color': paint, 'line-width': 3 },
      },
      {
        id: 'shape-point',
        type: 'circle',
        source: 'shape',
        filter: ['==', ['geometry-type'], 'Point'],
        paint: {
          'circle-color': paint,
          'circle-radius': 8,
          'circle-stroke-color': colour('map-land'),
          'circle-stroke-width': 2,
        },
      },
    ],
  }
}
