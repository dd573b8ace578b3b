import { makeNamespace } from './namespace.ts'
import { type OwnServer, startOwnServer } from './own-server.ts'

/** Runs `use` with a fresh server and a namespace in it; nothing of them is left. */
export async function withServer<T>(namespace: string, use: (server: OwnServer, namespace: string) => Promise<T>): Promise<T> {
  const server = await startOwnServer()
  try {
    await makeNamespace(server.layout, namespace)
    return await use(server, namespace)
  } finally {
    await server.remove()
  }
}
