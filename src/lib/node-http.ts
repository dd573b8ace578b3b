/**
 * The values of node:http. Importing that module itself evaluates every name it exports, and one of them is a web socket client: Node then
 * loads its whole fetch, which costs each process 6 MB and 30 ms. Types may still come from 'node:http'.
 */
export const { request, STATUS_CODES } = process.getBuiltinModule('node:http')
