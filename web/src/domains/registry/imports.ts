import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useActing } from '@/app/acting'
import { api } from '@/app/api'
import { language } from '@/app/language'
import type { ImportOut } from '@/generated/api'

/** What coordinates may be in; these are called alike in all languages. */
export const DATUMS: Record<ImportOut['datum'], string> = {
  wgs84: 'WGS-84',
  cgcs2000: 'CGCS2000',
  gcj02: 'GCJ-02',
  bd09: 'BD-09',
}

const keyOf = (id: string) => ['imports', id, language.value]

/** A file that is looked at, with what it would change; nothing without an id. */
export function useImport(id: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: keyOf(id.value),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/objects/imports/{key}', { params: { path: { key: id.value } }, signal }),
      enabled: id.value !== '',
      staleTime: 3_600_000,
    })),
  )
}

/** What is done with a file; what comes back is shown. */
export function useImporting() {
  const client = useQueryClient()
  return useActing<ImportOut>((found) => {
    client.setQueryData(keyOf(found.id), found)
    if (!found.applied_at) return
    for (const key of ['layers', 'objects', 'census']) void client.invalidateQueries({ queryKey: [key] })
  })
}
