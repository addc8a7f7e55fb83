import type { components } from '@/generated/api'

export type Found = components['schemas']['PlaceOut']

/** A place with the house number that was found, in the order in which its script writes them. */
export function placeName(place: Found): string {
  if (place.number == null) return place.name
  return /[一-鿿]/.test(place.name) ? `${place.name}${place.number}号` : `${place.number} ${place.name}`
}
