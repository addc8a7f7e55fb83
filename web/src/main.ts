import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import App from './app/App.vue'
import { i18n } from './app/language'
import { queries } from './app/queries'
import { router } from './app/router'
import './theme/palette.css'
import './theme/scale.css'
import './theme/base.css'
import './theme/forms.css'
import './theme/element.css'

createApp(App).use(i18n).use(router).use(VueQueryPlugin, { queryClient: queries }).mount('#app')
