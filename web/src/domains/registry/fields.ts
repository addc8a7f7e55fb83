import { say } from '@/app/language'
import type { FieldChangeOut } from '@/generated/api'

/** What a field is called: its layer's title, or that of what every object has. */
export function fieldTitle({ field, title }: Pick<FieldChangeOut, 'field' | 'title'>): string {
  return title || say(`registry.field.${field}`)
}

/** A value as people read it. */
export function valueText(value: unknown): string {
  if (typeof value === 'boolean') return say(value ? 'registry.yes' : 'registry.no')
  return typeof value === 'number' ? value.toLocaleString() : String(value ?? '')
}
