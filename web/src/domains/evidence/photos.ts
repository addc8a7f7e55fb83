import { api, formOf, problemOf } from '@/app/api'

/** What the server takes at most; it looks into the file itself, this only spares the way there. */
export const MOST_BYTES = 20 * 1024 * 1024
export const TAKEN = 'image/jpeg,image/png,image/webp,image/heic,image/heif'

/** A photo to be looked at. */
export interface Photo {
  id: string
  thumb: string
  full: string
  caption: string
}

/** Sends one photo and answers with what the server calls it; throws a `Problem` where the server refuses it. */
export type Upload = (file: File) => Promise<{ id: string }>

/** The upload of whoever has signed in. */
export const sendPhoto: Upload = (file) => api.post('/api/photos', formOf({ file }))

/** The images among what was pasted or dropped. Other files go along: the person is told why they are not taken. */
export function filesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])]
}

/** A photo that a citizen may see with number and secret. */
export async function followedPhoto(id: string, { number, secret }: { number: string; secret: string }): Promise<Blob> {
  const response = await fetch(`/api/public/photos/${id}`, { headers: { 'X-Follow': `${number}:${secret}` } })
  if (!response.ok) throw problemOf(await response.json().catch(() => null), response)
  return response.blob()
}
