/** A place on the earth, degrees of WGS-84. */
export interface Point {
  lon: number
  lat: number
}

/** West, south, east, north. */
export type Bounds = readonly [number, number, number, number]

const METRES_A_DEGREE = 111_195
const TURN = 360

/** The bounds of a city as the server gives them; nothing where they are not four numbers. */
export function boundsOf(numbers: readonly number[] | null | undefined): Bounds | null {
  const [west, south, east, north] = numbers ?? []
  if (west === undefined || south === undefined || east === undefined || north === undefined) return null
  return [west, south, east, north]
}

export function middle([west, south, east, north]: Bounds): Point {
  return { lon: (west + east) / 2, lat: (south + north) / 2 }
}

/** A point moved by metres to the east and to the north, kept on the earth; to a hand's breadth. */
export function moved({ lon, lat }: Point, east: number, north: number): Point {
  const shrink = Math.max(Math.cos((lat * Math.PI) / 180), 0.001)
  return rounded({ lon: lon + east / METRES_A_DEGREE / shrink, lat: lat + north / METRES_A_DEGREE })
}

/** Six decimals: about ten centimetres. */
export function rounded({ lon, lat }: Point): Point {
  const around = ((((lon + TURN / 2) % TURN) + TURN) % TURN) - TURN / 2
  return { lon: Number(around.toFixed(6)), lat: Number(Math.min(85, Math.max(-85, lat)).toFixed(6)) }
}

/** How far two points lie apart, in metres; on the scale of a city the earth is flat. */
export function metresBetween(one: Point, other: Point): number {
  const shrink = Math.cos((((one.lat + other.lat) / 2) * Math.PI) / 180)
  return METRES_A_DEGREE * Math.hypot((other.lon - one.lon) * shrink, other.lat - one.lat)
}

/** A circle of so many metres as a ring of a polygon. */
export function circle(centre: Point, metres: number): [number, number][] {
  return Array.from({ length: 49 }, (_, corner) => {
    const angle = (corner / 24) * Math.PI
    const { lon, lat } = moved(centre, metres * Math.cos(angle), metres * Math.sin(angle))
    return [lon, lat]
  })
}

/** Whether a point lies in the bounds, or so many metres beyond. */
export function within({ lon, lat }: Point, bounds: Bounds, metres = 0): boolean {
  const low = moved({ lon: bounds[0], lat: bounds[1] }, -metres, -metres)
  const high = moved({ lon: bounds[2], lat: bounds[3] }, metres, metres)
  return lon >= low.lon && lon <= high.lon && lat >= low.lat && lat <= high.lat
}
