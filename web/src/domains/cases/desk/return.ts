const QUEUE = 'cityloop.queue'
const PLACE = 'cityloop.desk'

/** Where somebody left the desk: its address, the row and how far it was scrolled. */
export interface Place {
  path: string
  number: string
  scroll: number
}

/** Leave the queue to the pages of its cases, for previous and next, and note where to come back to. */
export function leave(place: Place, numbers: string[]): void {
  sessionStorage.setItem(QUEUE, JSON.stringify(numbers))
  sessionStorage.setItem(PLACE, JSON.stringify(place))
}

/** Where this tab left the desk; null when it never did. */
export function lastPlace(): Place | null {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? 'null') as Place | null
  } catch {
    return null
  }
}
