// One room on ws for Node.js: whatever anybody says is sent to all, in the loop of its README.
// Whoever has come in is told so with an empty message, so that a client knows that it is in.
'use strict';

const { WebSocket, WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4096, perMessageDeflate: false });

server.on('connection', (speaker) => {
  speaker.on('error', () => speaker.terminate());
  speaker.on('message', (data) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary: true });
    }
  });
  speaker.send(Buffer.alloc(0), { binary: true });
});

server.on('listening', () => {
  console.log(JSON.stringify({ listening: `ws://127.0.0.1:${server.address().port}` }));
});
