/** MapLibre with its worker from our own server: import this file only lazily, it is large. */
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { addProtocol, setWorkerUrl } from 'maplibre-gl'
import { Protocol } from 'pmtiles'
import 'maplibre-gl/dist/maplibre-gl.css'
import './map.css'

setWorkerUrl(new URL(worker, location.href).href)
addProtocol('pmtiles', new Protocol().tile)

export { Map, Marker, NavigationControl } from 'maplibre-gl'
