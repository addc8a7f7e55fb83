import { watch } from 'vue'
import { createI18n } from 'vue-i18n'

export type Language = 'zh' | 'en'
const KEPT = 'cityloop.language'

type Texts = Record<string, unknown>

/** Every domain keeps its texts beside its screens: `zh.json` and `en.json`, each under the domain's own name. */
function texts(files: Record<string, { default: Texts }>): Texts {
  return Object.assign({}, ...Object.values(files).map((file) => file.default)) as Texts
}

function first(): Language {
  const kept = localStorage.getItem(KEPT)
  if (kept === 'zh' || kept === 'en') return kept
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh'
}

export const i18n = createI18n({
  legacy: false,
  locale: first(),
  fallbackLocale: 'zh',
  messages: {
    zh: texts(import.meta.glob('../**/zh.json', { eager: true })),
    en: texts(import.meta.glob('../**/en.json', { eager: true })),
  } as never,
})

export const language = i18n.global.locale as unknown as { value: Language }

/** A text outside components, in the language spoken now. */
export const say = (i18n.global as unknown as { t: (key: string, facts?: Record<string, unknown>) => string }).t

export function speak(chosen: Language): void {
  language.value = chosen
  localStorage.setItem(KEPT, chosen)
}

watch(
  () => language.value,
  (now) => {
    document.documentElement.lang = now === 'zh' ? 'zh-Hans' : 'en'
    // Links that the browser follows by itself (a table as a file, the maintenance pages) speak the same language.
    document.cookie = `django_language=${now === 'zh' ? 'zh-hans' : 'en'}; path=/; max-age=31536000; samesite=lax`
  },
  { immediate: true },
)
