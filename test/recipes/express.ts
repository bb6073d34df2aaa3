import { getRequestListener } from '@hono/node-server'
import express, { type Express } from 'express'
import { type BffOptions, forward } from './bff-forward.ts'

/** The same in Express 5. Put it before any parser of bodies. */
export function createBff(options: BffOptions): Express {
  return express().all(
    '/api/{*path}',
    getRequestListener((request) => forward(request, options)),
  )
}
