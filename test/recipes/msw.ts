import { createTokenEndpoint } from '@authchart/core/testing'
import { HttpResponse, http } from 'msw'

export const endpoint = createTokenEndpoint({ issuer: 'https://login.acme.example' })

export const handlers = [
  http.all('https://login.acme.example/*', ({ request }) => endpoint.answer(request)),
  // Rejects tokens that are missing, have expired or are taken back. All others go on to your own handlers.
  http.all('https://api.acme.example/*', ({ request }) => endpoint.rejection(request)),
  http.get('https://api.acme.example/orders', () => HttpResponse.json(['tea'])),
]
