import { defineConfig } from 'vitepress'
import { dropEmptyHeaders } from './empty-headers.ts'
import { linkToRepository } from './repository-links.ts'
import { referenceSidebar, sidebar } from './sidebar.ts'
import { siteAddress } from './site.ts'
import { writeTextsForModels } from './texts-for-models.ts'

export default defineConfig({
  title: 'authchart',
  description:
    'Keeps a signed-in session alive: your program always has a valid access token, or a typed error that says why not.',
  lang: 'en',
  base: new URL(siteAddress).pathname,
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    config: (markdown) => {
      linkToRepository(markdown)
      dropEmptyHeaders(markdown)
    },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start/', activeMatch: '/start/' },
      { text: 'Guides', link: '/guides/signing-in', activeMatch: '/guides/' },
      { text: 'Reference', link: '/reference/', activeMatch: '/reference/' },
      { text: 'Troubleshooting', link: '/troubleshooting' },
    ],
    sidebar: { '/reference/': referenceSidebar(), '/': sidebar() },
    outline: [2, 3],
    search: { provider: 'local' },
  },
  buildEnd: writeTextsForModels,
})
