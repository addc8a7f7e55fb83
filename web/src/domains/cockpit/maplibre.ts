/** MapLibre with its worker from our own server: import this file only lazily, it is large. */
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { setWorkerUrl } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import './map.css'

setWorkerUrl(new URL(worker, location.href).href)

export { Map, Marker, NavigationControl } from 'maplibre-gl'
