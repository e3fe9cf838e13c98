//! The embedded `DynamoDB` counts units as AWS does, and the meter counts rounds as documented.
//!
//! The rules are from the developer guide: "DynamoDB on-demand capacity mode", and "Amazon DynamoDB
//! Transactions: How it works", section "Capacity management for transactions".

use std::fmt::Debug;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, TransactWriteItem};

use crate::support::dynamodb::{DynamoDb, TABLE, client, tables, text};
use crate::support::meter::Meter;
use crate::support::s3::S3;

/// A table with items of 5,000, 3,000 and 1,500 bytes under one key, behind a meter.
struct Scene {
    _s3: S3,
    _db: DynamoDb,
    meter: Meter,
    client: Client,
}

impl Scene {
    async fn new() -> Self {
        let (db, s3) = tokio::join!(DynamoDb::start(), S3::start());
        db.migrate().await;
        for bytes in [5_000, 3_000, 1_500] {
            let (sk, filling) = (text(&bytes.to_string()), text(&"x".repeat(bytes)));
            let item = [("pk", text("item")), ("sk", sk), ("filling", filling)];
            db.put_item(&tables().table, &item).await;
        }
        let meter = Meter::start(&db.endpoint(), s3.endpoint()).await;
        let client = client(&meter.endpoint());
        Self { _s3: s3, _db: db, meter, client }
    }

    /// The units of a call, as text.
    fn cost<T, E: Debug>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = String> {
        // On the heap, because a call of the SDK is large.
        let call = Box::pin(self.meter.measure(call));
        async {
            let (cost, done) = call.await;
            done.unwrap();
            assert_eq!((cost.calls, cost.rounds), (1, 1));
            format!("{} read, {} write", cost.read, cost.write)
        }
    }

    async fn get(&self, sk: &str, consistent: bool) -> String {
        let get = self.client.get_item().table_name(tables().table).consistent_read(consistent);
        self.cost(get.key("pk", text("item")).key("sk", text(sk)).send()).await
    }
}

#[tokio::test]
async fn a_read_costs_a_unit_for_4_kb_and_half_of_that_where_it_may_be_behind() {
    let scene = Scene::new().await;
    assert_eq!(scene.get("5000", true).await, "2 read, 0 write");
    assert_eq!(scene.get("5000", false).await, "1 read, 0 write");
    assert_eq!(scene.get("1500", false).await, "0.5 read, 0 write");
    assert_eq!(scene.get("1500", true).await, "1 read, 0 write");
    assert_eq!(scene.get("not there", true).await, "1 read, 0 write");
    // Each item of a batch is rounded up separately.
    let keys = ["5000", "1500", "not there"].map(|sk| {
        [("pk", "item"), ("sk", sk)].map(|(name, value)| (name.to_owned(), text(value))).into()
    });
    let keys = KeysAndAttributes::builder().set_keys(Some(keys.into())).consistent_read(true);
    let batch = scene.client.batch_get_item().request_items(tables().table, keys.build().unwrap());
    assert_eq!(scene.cost(batch.send()).await, "4 read, 0 write");
}

#[tokio::test]
async fn a_page_is_rounded_up_once_and_an_empty_one_costs_a_unit() {
    let scene = Scene::new().await;
    for (pk, units) in [("item", "3 read, 0 write"), ("nothing", "1 read, 0 write")] {
        let query = scene.client.query().table_name(tables().table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", text(pk));
        assert_eq!(scene.cost(query.send()).await, units, "{pk}");
    }
    let scan = scene.client.scan().table_name(TABLE).consistent_read(true);
    assert_eq!(scene.cost(scan.send()).await, "1 read, 0 write");
}

#[tokio::test]
async fn a_write_costs_a_unit_for_1_kb_and_twice_that_in_a_transaction() {
    let scene = Scene::new().await;
    let filling = text(&"x".repeat(1_500));
    let put = scene.client.put_item().table_name(tables().table).item("filling", filling.clone());
    let put = put.item("pk", text("item")).item("sk", text("new"));
    assert_eq!(scene.cost(put.send()).await, "0 read, 2 write");
    let put = Put::builder().table_name(tables().table).item("filling", filling);
    let put = put.item("pk", text("item")).item("sk", text("newer")).build().unwrap();
    let transaction = scene.client.transact_write_items();
    let transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
    assert_eq!(scene.cost(transaction.send()).await, "0 read, 4 write");
    // A delete costs as much as a write of the removed item.
    let delete = scene.client.delete_item().table_name(tables().table);
    let delete = delete.key("pk", text("item")).key("sk", text("5000"));
    assert_eq!(scene.cost(delete.send()).await, "0 read, 5 write");
}

#[tokio::test]
async fn calls_side_by_side_are_one_round_and_calls_in_turn_are_two() {
    let scene = Scene::new().await;
    let get = || {
        let get = scene.client.get_item().table_name(tables().table);
        Box::pin(get.key("pk", text("item")).key("sk", text("1500")).send())
    };
    let (cost, _) = scene.meter.measure(async { tokio::join!(get(), get()) }).await;
    assert_eq!((cost.calls, cost.rounds), (2, 1));
    let (cost, _) = scene.meter.measure(async { (get().await, get().await) }).await;
    assert_eq!((cost.calls, cost.rounds), (2, 2));
}
