import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import RefreshSteps from './refresh-steps.vue'
import './style.css'

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('RefreshSteps', RefreshSteps)
  },
} satisfies Theme
