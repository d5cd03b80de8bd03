"""confluent-kafka-python under measurement: a ThreadPoolExecutor of 5 whose tasks produce through one Producer.

Keeps to the protocol of protocol.ts: a task on standard input, events on standard output.
"""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import confluent_kafka
from confluent_kafka import Producer

THREADS = 5
# messages between two looks at the reports and at whether to go on
SLICE = 100


def now_ms():
    return time.monotonic_ns() / 1e6


def say(event, **more):
    print(json.dumps({"event": event, "at": now_ms(), **more}), flush=True)


def ends_with_parent():
    sys.stdin.read()
    os._exit(1)


class Counts:
    """Reports come on whichever thread polls; the interpreter's lock is not enough for `+=`."""

    def __init__(self):
        self.lock = threading.Lock()
        self.delivered = 0
        self.failed = 0
        self.offered = 0
        self.sent = None

    def report(self, error, _message):
        with self.lock:
            if error is None:
                self.delivered += 1
            else:
                self.failed += 1

    def statistics(self, text):
        told = json.loads(text)
        requests = sum(
            broker.get("req", {}).get("Produce", 0) - broker.get("txretries", 0)
            for broker in told["brokers"].values()
        )
        if requests > 0:
            # one request is one batch of one partition
            self.sent = {"messages": told["txmsgs"], "batches": requests, "requests": requests}


def main():
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=ends_with_parent, daemon=True).start()
    with open(task["payloadFile"], "rb") as file:
        payloads = file.read().split(b"\n")
    counts = Counts()
    producer = Producer(
        {
            **task["properties"],
            "bootstrap.servers": task["brokers"],
            "stats_cb": counts.statistics,
        }
    )
    producer.list_topics(task["topic"], 10)
    say("ready")
    stopping = threading.Event()
    topic, partitions, run = task["topic"], task["partitions"], task["run"]
    length = task["length"]

    def produce(thread, most):
        """Every fifth turn of a partition is this thread's."""
        turn = run or 1000
        offered = 0
        number = thread * turn
        while offered < most and not stopping.is_set():
            partition = -1 if run is None else number // run % partitions
            for index in range(number, number + min(turn, most - offered)):
                value = payloads[index % len(payloads)]
                while True:
                    try:
                        producer.produce(topic, value, partition=partition, on_delivery=counts.report)
                        break
                    except BufferError:
                        producer.poll(0.01)
                offered += 1
                if offered % SLICE == 0:
                    producer.poll(0)
                    if stopping.is_set():
                        break
            number += THREADS * turn
        with counts.lock:
            counts.offered += offered

    def shares(messages):
        return [messages // THREADS + (thread < messages % THREADS) for thread in range(THREADS)]

    say("start")
    with ThreadPoolExecutor(max_workers=THREADS) as executor:
        first = [executor.submit(produce, thread, float("inf")) for thread in range(THREADS)]
        while counts.delivered == 0:
            time.sleep(0.005)
        time.sleep(task["warmupSeconds"])
        if "messages" in length:
            stopping.set()
            for future in first:
                future.result()
            producer.flush()
            stopping.clear()
        began, before, cpu = now_ms(), counts.delivered, time.process_time()
        if "messages" in length:
            for future in [executor.submit(produce, *each) for each in enumerate(shares(length["messages"]))]:
                future.result()
            producer.flush()
        else:
            time.sleep(length["seconds"])
        window = {
            "from": began,
            "to": now_ms(),
            "delivered": counts.delivered - before,
            "cpuSeconds": time.process_time() - cpu,
        }
        stopping.set()
        for future in first:
            future.result()
    producer.flush()
    say("last acknowledgement")
    versions = f"confluent-kafka-python {confluent_kafka.__version__}, librdkafka {confluent_kafka.libversion()[0]}"
    say(
        "result",
        offered=counts.offered,
        delivered=counts.delivered,
        failed=counts.failed,
        window=window,
        batches=counts.sent,
        client=f"{versions}, Python {sys.version.split()[0]}",
    )


try:
    main()
except Exception as error:  # the harness is told, whatever it was
    say("error", error=f"{type(error).__name__}: {error}")
    os._exit(1)
os._exit(0)
