import { ref } from 'vue'
import type { TicketOut } from '@/generated/api'

const KEPT = 'cityloop.followed'
const MOST = 20

/** The reports that the owner of this phone chose to keep on it, newest first. */
export function followed(): TicketOut[] {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '[]') as TicketOut[]
  } catch {
    return []
  }
}

export function remember(ticket: TicketOut): void {
  const others = followed().filter((one) => one.number !== ticket.number)
  localStorage.setItem(KEPT, JSON.stringify([ticket, ...others].slice(0, MOST)))
}

export function forget(number: string): void {
  localStorage.setItem(KEPT, JSON.stringify(followed().filter((one) => one.number !== number)))
}

/** What was asked for on the start page and is to be looked up on the next. */
export const asked = ref<TicketOut | null>(null)
