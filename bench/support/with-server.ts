import { makeNamespace } from './namespace.ts'
import type { Server, StartServer } from './server.ts'

/** Runs `use` with a fresh server and a namespace in it; nothing of them is left. */
export async function withServer<T>(
  start: StartServer,
  namespace: string,
  use: (server: Server, namespace: string) => Promise<T>,
): Promise<T> {
  const server = await start()
  try {
    await makeNamespace(server.target, namespace)
    return await use(server, namespace)
  } finally {
    await server.remove()
  }
}
