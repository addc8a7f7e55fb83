import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark'
const KEPT = 'cityloop.theme'

function first(): Theme {
  const kept = localStorage.getItem(KEPT)
  if (kept === 'light' || kept === 'dark') return kept
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export const theme = ref<Theme>(first())

export function paint(chosen: Theme): void {
  theme.value = chosen
  localStorage.setItem(KEPT, chosen)
}

watchEffect(() => document.documentElement.classList.toggle('dark', theme.value === 'dark'), { flush: 'sync' })
