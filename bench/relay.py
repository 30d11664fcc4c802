"""A provider further away: hands requests on to a node and holds each answer back for a while.

`python -m bench.relay TARGET_PORT MILLISECONDS` prints the port that it listens on. A request and its answer pass
unchanged, so that behind two relays stands one chain.
"""

import asyncio
import sys

HOST = "127.0.0.1"


async def main(target: int, milliseconds: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(HOST, target, limit=2**22)
        first = True

        async def up() -> None:
            nonlocal first
            while data := await reader.read(2**18):
                first = True
                up_writer.write(data)
                await up_writer.drain()
            up_writer.close()

        async def down() -> None:
            nonlocal first
            while data := await up_reader.read(2**20):
                if first:
                    # One wait an answer: the first bytes after a request were sent on.
                    first = False
                    await asyncio.sleep(milliseconds / 1000)
                writer.write(data)
                await writer.drain()
            writer.close()

        await asyncio.gather(up(), down(), return_exceptions=True)

    server = await asyncio.start_server(serve, HOST, 0, limit=2**22)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
