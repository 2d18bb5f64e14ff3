const cluster = require("cluster");

if (cluster.isPrimary) {
  for (let i = 0; i < Number(process.env.WEB_CONCURRENCY); i++) {
    cluster.fork();
  }
} else {
  require("./server");
}
