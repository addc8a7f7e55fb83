import type { Feature, FeatureCollection } from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import type { Language } from '@/app/language'
import { colour } from '@/theme/colours'
import { circle, type Bounds, type Point } from './points'

/** Beyond these zooms the server gives points instead of counts, and grids at all. */
export const POINTS_FROM = 14
export const GRIDS_FROM = 13
export const LIGHTS = ['red', 'yellow', 'green', 'none'] as const
/** From how many open cases on a cell or a grid takes the next colour. */
export const CELL_STEPS = [3, 10, 30, 100] as const
export const GRID_STEPS = [1, 3, 6, 10] as const
export type Part = 'cases' | 'grids' | 'areas'

export interface Narrowing {
  light?: string
  category?: string
  state?: string
}

/** What a page draws besides: its own sources, and layers over those of the city. */
export interface Extra {
  sources: Record<string, SourceSpecification>
  layers: readonly LayerSpecification[]
}

/** All that decides how a map looks; another one is drawn when any of it changes. */
export interface Drawing {
  language: Language
  theme: string
  token: string | null
  parts: readonly Part[]
  only: Narrowing
  /** Grids as lines only, without their load. */
  plain: boolean
  baseTiles: string | null
  /** The address of our own base map, one file; where it is there, no tiles of others are. */
  ownMap: string | null
  attribution: string
  bounds: Bounds | null
  /** What the page marks: places with a ring of so many metres around them. */
  rings: readonly (Point & { metres: number })[]
  extra: Extra
}

export const FONT = ['system-ui', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'sans-serif']

export function styleOf(drawing: Drawing): StyleSpecification {
  return { version: 8, sources: sourcesOf(drawing), layers: layersOf(drawing) }
}

/** Our sources and layers on top of the base map's own style. */
export function onTopOf(base: StyleSpecification, drawing: Drawing): StyleSpecification {
  return {
    ...base,
    sources: { ...base.sources, ...sourcesOf(drawing) },
    layers: [...base.layers, ...layersOf(drawing).filter((layer) => layer.type !== 'background')],
  }
}

function sourcesOf({ token, parts, only, baseTiles, ownMap, attribution, bounds, rings, extra }: Drawing) {
  const sources: Record<string, SourceSpecification> = { ...extra.sources }
  if (baseTiles) sources['base'] = { type: 'raster', tiles: [baseTiles], tileSize: 256, attribution }
  if (ownMap) sources['base'] = { type: 'vector', url: `pmtiles://${location.origin}${ownMap}`, attribution }
  const here = bounds ? { bounds: [...bounds] as [number, number, number, number] } : {}
  for (const part of parts.filter((part) => open(part, token))) {
    const [minzoom, maxzoom] = { cases: [0, 16], grids: [GRIDS_FROM, 16], areas: [0, 15] }[part] as [number, number]
    const tiles = [tilesOf(part, token, part === 'areas' ? {} : only)]
    sources[part] = { type: 'vector', tiles, minzoom, maxzoom, ...(part === 'areas' ? {} : here) }
  }
  if (!token && bounds) sources['frame'] = { type: 'geojson', data: frame(bounds) }
  if (rings.length) sources['rings'] = { type: 'geojson', data: ringsOf(rings), tolerance: 0 }
  return sources
}

/** The areas of a city are for everybody; what stands in them is for whoever may see it. */
function open(part: Part, token: string | null): boolean {
  return part === 'areas' || token !== null
}

function tilesOf(part: Part, token: string | null, only: Narrowing): string {
  const query = new URLSearchParams(token ? { t: token } : {})
  for (const [name, value] of Object.entries(only)) if (value) query.set(name, value)
  return `${location.origin}/api/tiles/${part}/{z}/{x}/{y}?${query}`
}

function layersOf(drawing: Drawing): LayerSpecification[] {
  const { token, parts, baseTiles, ownMap, bounds, rings, extra } = drawing
  const shown = (part: Part) => open(part, token) && parts.includes(part)
  return [
    { id: 'land', type: 'background', paint: { 'background-color': colour('map-land') } },
    ...(baseTiles ? [{ id: 'base', type: 'raster', source: 'base' } as const] : []),
    ...(ownMap ? ownLayers() : []),
    ...(!token && bounds ? frameLayers() : []),
    ...(shown('grids') ? gridLayers().filter((layer) => !drawing.plain || layer.type === 'line') : []),
    ...(shown('areas') ? [outlines()] : []),
    ...(rings.length ? ringLayers() : []),
    ...(shown('cases') ? caseLayers(drawing.theme) : []),
    ...(ownMap ? [roadNames()] : []),
    ...extra.layers,
    ...(shown('areas') ? [names(drawing.language)] : []),
  ]
}

/** Divisions and roads of the city's own base map. */
function ownLayers(): LayerSpecification[] {
  const wide = ['interpolate', ['exponential', 1.5], ['zoom'], 10, 0.5, 14, 1.5, 18, 8] as ExpressionSpecification
  return [
    {
      id: 'base-areas',
      type: 'line',
      source: 'base',
      'source-layer': 'areas',
      paint: { 'line-color': colour('map-grid'), 'line-width': 0.5 },
    },
    {
      id: 'base-roads',
      type: 'line',
      source: 'base',
      'source-layer': 'roads',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': colour('map-grid'), 'line-width': wide },
    },
  ]
}

function roadNames(): LayerSpecification {
  return {
    id: 'road-names',
    type: 'symbol',
    source: 'base',
    'source-layer': 'roads',
    minzoom: POINTS_FROM,
    layout: { 'symbol-placement': 'line', 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12 },
    paint: { 'text-color': colour('ink'), 'text-halo-color': colour('map-land'), 'text-halo-width': 2 },
  }
}

function gridLayers(): LayerSpecification[] {
  return [
    {
      id: 'grids',
      type: 'fill',
      source: 'grids',
      'source-layer': 'grids',
      paint: { 'fill-color': load(['get', 'open'], GRID_STEPS), 'fill-opacity': 0.55 },
    },
    {
      id: 'grid-lines',
      type: 'line',
      source: 'grids',
      'source-layer': 'grids',
      paint: { 'line-color': colour('map-grid'), 'line-width': 0.5 },
    },
  ]
}

function load(count: ExpressionSpecification, steps: readonly number[]): ExpressionSpecification {
  const later = steps.flatMap((from, place) => [from, colour(`map-load-${place + 1}`)])
  return ['step', count, colour('map-load-0'), ...later] as unknown as ExpressionSpecification
}

function outlines(): LayerSpecification {
  return {
    id: 'areas',
    type: 'line',
    source: 'areas',
    'source-layer': 'areas',
    layout: { 'line-join': 'round' },
    paint: {
      'line-color': colour('map-area'),
      'line-width': ['interpolate', ['linear'], ['get', 'depth'], 1, 2, 2, 1.25, 4, 0.75],
      'line-opacity': ['step', ['zoom'], depthAtMost(2), 12, depthAtMost(3), 14, 1],
    },
  }
}

function depthAtMost(depth: number): ExpressionSpecification {
  return ['case', ['<=', ['get', 'depth'], depth], 1, 0]
}

function names(language: Language): LayerSpecification {
  return {
    id: 'names',
    type: 'symbol',
    source: 'areas',
    'source-layer': 'names',
    filter: ['>', ['get', 'depth'], 1],
    layout: {
      'text-field': ['get', `name_${language}`],
      'text-font': FONT,
      'text-size': ['step', ['get', 'depth'], 14, 3, 12],
      'text-max-width': 8,
      'text-padding': 6,
      'symbol-sort-key': ['get', 'depth'],
    },
    paint: {
      'text-color': colour('ink'),
      'text-halo-color': colour('map-land'),
      'text-halo-width': 2,
      'text-opacity': ['step', ['zoom'], depthAtMost(2), 12, depthAtMost(3), 14, 1],
    },
  }
}

function caseLayers(theme: string): LayerSpecification[] {
  return [
    {
      id: 'cells',
      type: 'circle',
      source: 'cases',
      'source-layer': 'cases',
      maxzoom: POINTS_FROM,
      layout: { 'circle-sort-key': ['get', 'total'] },
      paint: {
        'circle-color': load(['get', 'total'], CELL_STEPS),
        'circle-radius': ['step', ['get', 'total'], 4, 3, 5.5, 10, 7, 30, 8.5, 100, 10],
        'circle-stroke-color': colour('map-area'),
        'circle-stroke-width': 0.5,
        'circle-stroke-opacity': 0.6,
      },
    },
    {
      id: 'points',
      type: 'symbol',
      source: 'cases',
      'source-layer': 'cases',
      minzoom: POINTS_FROM,
      layout: {
        'icon-image': ['concat', ['get', 'l'], `-${theme}`],
        'icon-size': ['interpolate', ['linear'], ['zoom'], POINTS_FROM, 0.5, 17, 0.9],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['match', ['get', 'l'], 'red', 3, 'yellow', 2, 'green', 1, 0],
      },
    },
  ]
}

function ringLayers(): LayerSpecification[] {
  return [
    { id: 'rings', type: 'fill', source: 'rings', paint: { 'fill-color': colour('accent'), 'fill-opacity': 0.12 } },
    { id: 'ring-lines', type: 'line', source: 'rings', paint: { 'line-color': colour('accent'), 'line-width': 1.5 } },
  ]
}

function frameLayers(): LayerSpecification[] {
  const line = (edge: boolean, width: number, name: string): LayerSpecification => ({
    id: edge ? 'frame' : 'graticule',
    type: 'line',
    source: 'frame',
    filter: ['==', ['get', 'edge'], edge],
    paint: { 'line-color': colour(name), 'line-width': width },
  })
  return [line(false, 0.75, 'map-grid'), line(true, 1.5, 'map-area')]
}

/** The city's bounds with lines every some hundred metres, for maps of people who may see no tiles. */
function frame([west, south, east, north]: Bounds): FeatureCollection {
  const lines: Feature[] = []
  const step = Math.max(0.005, ...[east - west, north - south].map((side) => Math.ceil(side / 60 / 0.005) * 0.005))
  const add = (edge: boolean, coordinates: [number, number][]) =>
    lines.push({ type: 'Feature', properties: { edge }, geometry: { type: 'LineString', coordinates } })
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step)
    add(false, [
      [lon, south],
      [lon, north],
    ])
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step)
    add(false, [
      [west, lat],
      [east, lat],
    ])
  add(true, [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ])
  return { type: 'FeatureCollection', features: lines }
}

function ringsOf(rings: Drawing['rings']): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: rings.map((ring) => ({
      type: 'Feature',
      properties: {},
      geometry: { type: 'Polygon', coordinates: [circle(ring, ring.metres)] },
    })),
  }
}
